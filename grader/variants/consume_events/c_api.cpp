// Through the C API: a plain loop, a list of offsets, a commit that waits.
#include <exception>

#include "3-consumer/consume_events.hpp"
#include "shared/c_client.hpp"

namespace course {
namespace {

void commit(rd_kafka_t* consumer, NextOffsets& next) {
  if (next.empty()) return;
  if (rd_kafka_commit(consumer, offsets_of(next).get(), 0) == RD_KAFKA_RESP_ERR_NO_ERROR) next.clear();
}

}  // namespace

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  rd_kafka_t* consumer = make_consumer(config);
  std::exception_ptr failure;
  NextOffsets next;
  std::size_t handled = 0;
  try {
    subscribe(consumer, topics);
    while (!stop.stop_requested()) {
      const std::unique_ptr<rd_kafka_message_t, void (*)(rd_kafka_message_t*)> message(
          rd_kafka_consumer_poll(consumer, 200), rd_kafka_message_destroy);
      if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw_if_fatal(consumer);
        continue;
      }
      const Record record = to_record(*message);
      handler(record);
      next[record.source] = record.offset + 1;
      if (++handled % commit_every == 0) commit(consumer, next);
    }
  } catch (...) {
    failure = std::current_exception();
  }
  commit(consumer, next);
  rd_kafka_destroy(consumer);  // closes the consumer first
  if (failure) std::rethrow_exception(failure);
}

}  // namespace course
