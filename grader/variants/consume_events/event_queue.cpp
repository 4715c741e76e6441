// One queue of events instead of callbacks: records, rebalances and answers to commits all come from it.
#include <librdkafka/rdkafka.h>

#include <exception>
#include <map>
#include <memory>
#include <stdexcept>

#include "3-consumer/consume_events.hpp"

namespace course {
namespace {

std::optional<std::string> bytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string(static_cast<const char*>(data), size);
}

Record to_record(const rd_kafka_message_t& message) {
  Record record;
  record.source = {.topic = rd_kafka_topic_name(message.rkt), .partition = message.partition};
  record.offset = message.offset;
  record.event.key = bytes(message.key, message.key_len);
  record.event.value = bytes(message.payload, message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
      record.event.headers.push_back({.name = name, .value = bytes(value, size)});
    }
  }
  return record;
}

class Reader {
 public:
  Reader(const ClientConfig& config, const Handler& handler, std::size_t commit_every)
      : handler_(handler), commit_every_(commit_every) {
    char error[512];
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    const auto set = [&](const std::string& name, const std::string& value) {
      if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error)) == RD_KAFKA_CONF_OK)
        return;
      rd_kafka_conf_destroy(conf);
      throw std::runtime_error(error);
    };
    set("auto.offset.reset", "earliest");
    set("enable.auto.commit", "false");
    for (const auto& [name, value] : config) set(name, value);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR);
    rd_kafka_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof(error));
    if (rd_kafka_ == nullptr) {
      rd_kafka_conf_destroy(conf);
      throw std::runtime_error(error);
    }
    if (const auto refused = rd_kafka_poll_set_consumer(rd_kafka_); refused != RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_destroy(rd_kafka_);
      throw std::runtime_error(rd_kafka_err2str(refused));
    }
    queue_ = rd_kafka_queue_get_consumer(rd_kafka_);
  }
  ~Reader() {
    rd_kafka_queue_destroy(queue_);
    rd_kafka_destroy(rd_kafka_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void subscribe(const std::vector<std::string>& topics) {
    rd_kafka_topic_partition_list_t* list =
        rd_kafka_topic_partition_list_new(static_cast<int>(topics.size()));
    for (const auto& topic : topics)
      rd_kafka_topic_partition_list_add(list, topic.c_str(), RD_KAFKA_PARTITION_UA);
    const auto error = rd_kafka_subscribe(rd_kafka_, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(error));
  }

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
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(static_cast<int>(next_.size()));
    for (const auto& [source, offset] : next_) {
      rd_kafka_topic_partition_list_add(list, source.topic.c_str(), source.partition)->offset = offset;
    }
    if (rd_kafka_commit(rd_kafka_, list, 0) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      next_.clear();
      uncommitted_ = 0;
    }
    rd_kafka_topic_partition_list_destroy(list);
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
  std::map<TopicPartition, std::int64_t> next_;
  rd_kafka_t* rd_kafka_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
};

}  // namespace

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  Reader reader(config, handler, commit_every);
  reader.subscribe(topics);
  std::exception_ptr failure;
  try {
    while (!stop.stop_requested()) reader.serve(100, true);
  } catch (...) {
    failure = std::current_exception();
  }
  reader.leave();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace course
