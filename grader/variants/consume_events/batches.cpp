// Reads in batches; one commit for each batch that was worked off.
#include <exception>

#include "3-consumer/consume_events.hpp"
#include "shared/c_client.hpp"

namespace course {

void consume_events(const ClientConfig& config, const std::vector<std::string>& topics,
                    const Handler& handler, std::size_t commit_every, std::stop_token stop) {
  rd_kafka_t* consumer = make_consumer(config);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(consumer);
  std::exception_ptr failure;
  try {
    subscribe(consumer, topics);
  } catch (...) {
    failure = std::current_exception();
  }
  std::vector<rd_kafka_message_t*> messages(std::min<std::size_t>(commit_every, 500));
  while (!stop.stop_requested() && !failure) {
    const auto count = rd_kafka_consume_batch_queue(queue, 100, messages.data(), messages.size());
    NextOffsets next;
    for (ssize_t i = 0; i < count; ++i) {
      const auto& message = *messages[static_cast<std::size_t>(i)];
      if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR && !stop.stop_requested() && !failure) {
        try {
          const Record record = to_record(message);
          handler(record);
          next[record.source] = record.offset + 1;
        } catch (...) {
          failure = std::current_exception();
        }
      }
      rd_kafka_message_destroy(messages[static_cast<std::size_t>(i)]);
    }
    if (!next.empty()) rd_kafka_commit(consumer, offsets_of(next).get(), 0);
  }
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace course
