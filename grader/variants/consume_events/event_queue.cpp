// One queue of events instead of callbacks: records, rebalances and answers to commits all come from it.
#include <exception>

#include "3-consumer/consume_events.hpp"
#include "shared/c_client.hpp"

namespace course {
namespace {

class Reader {
 public:
  Reader(const ClientConfig& config, const Handler& handler, std::size_t commit_every)
      : handler_(handler),
        commit_every_(commit_every),
        rd_kafka_(make_consumer(config, [](rd_kafka_conf_t* conf) {
          rd_kafka_conf_set_events(conf,
                                   RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR);
        })) {
    queue_ = rd_kafka_queue_get_consumer(rd_kafka_);
  }
  ~Reader() {
    rd_kafka_queue_destroy(queue_);
    rd_kafka_destroy(rd_kafka_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] rd_kafka_t* client() const { return rd_kafka_; }

  void serve(int timeout_ms, bool handle) {
    const std::unique_ptr<rd_kafka_event_t, void (*)(rd_kafka_event_t*)> event(
        rd_kafka_queue_poll(queue_, timeout_ms), rd_kafka_event_destroy);
    switch (rd_kafka_event_type(event.get())) {
      case RD_KAFKA_EVENT_FETCH:
        while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
          if (handle && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) work_on(to_record(*message));
        }
        break;
      case RD_KAFKA_EVENT_REBALANCE:
        rebalance(event.get());
        break;
      case RD_KAFKA_EVENT_ERROR:
        if (rd_kafka_event_error_is_fatal(event.get()) != 0)
          throw std::runtime_error(rd_kafka_event_error_string(event.get()));
        break;
      default:
        break;
    }
  }

  void leave() {
    commit();
    rd_kafka_error_t* error = rd_kafka_consumer_close_queue(rd_kafka_, queue_);
    if (error != nullptr) rd_kafka_error_destroy(error);
    while (rd_kafka_consumer_closed(rd_kafka_) == 0) serve(100, false);
  }

 private:
  void work_on(const Record& record) {
    handler_(record);
    next_[record.source] = record.offset + 1;
    if (++uncommitted_ >= commit_every_) commit();
  }

  void commit() {
    if (next_.empty()) return;
    if (rd_kafka_commit(rd_kafka_, offsets_of(next_).get(), 0) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    next_.clear();
    uncommitted_ = 0;
  }

  void rebalance(rd_kafka_event_t* event) {
    if (rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      rd_kafka_assign(rd_kafka_, rd_kafka_event_topic_partition_list(event));
      return;
    }
    commit();
    rd_kafka_assign(rd_kafka_, nullptr);
  }

  const Handler& handler_;
  std::size_t commit_every_;
  std::size_t uncommitted_ = 0;
  NextOffsets next_;
  rd_kafka_t* rd_kafka_;
  rd_kafka_queue_t* queue_ = nullptr;
};

}  // namespace

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  Reader reader(config, handler, commit_every);
  std::exception_ptr failure;
  try {
    subscribe(reader.client(), topics);
    while (!stop.stop_requested()) reader.serve(100, true);
  } catch (...) {
    failure = std::current_exception();
  }
  reader.leave();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace course
