// Polls of every kind. Those that bring nothing are mostly kept quiet about, see `Call`.

#include "watch/call.hpp"
#include "watch/real.hpp"

using watch::Call;
using watch::observed_batch;
using watch::observed_poll;

WATCHED rd_kafka_message_t* rd_kafka_consumer_poll(rd_kafka_t* rk, int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_consumer_poll)(rk, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed_poll(Call("rd_kafka_consumer_poll", rk), real);
}

WATCHED rd_kafka_message_t* rd_kafka_consume(rd_kafka_topic_t* rkt, int32_t partition, int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_consume)(rkt, partition, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed_poll(Call("rd_kafka_consume", nullptr), real);
}

WATCHED rd_kafka_message_t* rd_kafka_consume_queue(rd_kafka_queue_t* rkqu, int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_consume_queue)(rkqu, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed_poll(Call("rd_kafka_consume_queue", nullptr), real);
}

WATCHED ssize_t rd_kafka_consume_batch(rd_kafka_topic_t* rkt, int32_t partition, int timeout_ms,
                                       rd_kafka_message_t** rkmessages, size_t rkmessages_size) {
  const auto real = [&] {
    return REAL(rd_kafka_consume_batch)(rkt, partition, timeout_ms, rkmessages, rkmessages_size);
  };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed_batch(Call("rd_kafka_consume_batch", nullptr), rkmessages, real);
}

WATCHED ssize_t rd_kafka_consume_batch_queue(rd_kafka_queue_t* rkqu, int timeout_ms,
                                             rd_kafka_message_t** rkmessages, size_t rkmessages_size) {
  const auto real = [&] {
    return REAL(rd_kafka_consume_batch_queue)(rkqu, timeout_ms, rkmessages, rkmessages_size);
  };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed_batch(Call("rd_kafka_consume_batch_queue", nullptr), rkmessages, real);
}

// Records that go to a callback of the program's are seen by their hook; the poll says how many there were.

WATCHED int rd_kafka_consume_callback(rd_kafka_topic_t* rkt, int32_t partition, int timeout_ms,
                                      void (*consume_cb)(rd_kafka_message_t*, void*), void* commit_opaque) {
  const auto real = [&] {
    return REAL(rd_kafka_consume_callback)(rkt, partition, timeout_ms, consume_cb, commit_opaque);
  };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  Call call("rd_kafka_consume_callback", nullptr);
  call.before_poll();
  const int count = real();
  call.after_poll(count > 0 ? nlohmann::json{{"count", count}} : nlohmann::json::object());
  return count;
}

WATCHED int rd_kafka_consume_callback_queue(rd_kafka_queue_t* rkqu, int timeout_ms,
                                            void (*consume_cb)(rd_kafka_message_t*, void*),
                                            void* commit_opaque) {
  const auto real = [&] {
    return REAL(rd_kafka_consume_callback_queue)(rkqu, timeout_ms, consume_cb, commit_opaque);
  };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  Call call("rd_kafka_consume_callback_queue", nullptr);
  call.before_poll();
  const int count = real();
  call.after_poll(count > 0 ? nlohmann::json{{"count", count}} : nlohmann::json::object());
  return count;
}

WATCHED int rd_kafka_poll(rd_kafka_t* rk, int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_poll)(rk, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  Call call("rd_kafka_poll", rk);
  call.before_poll();
  const int count = real();
  call.after_poll(count > 0 ? nlohmann::json{{"count", count}} : nlohmann::json::object());
  return count;
}

WATCHED rd_kafka_event_t* rd_kafka_queue_poll(rd_kafka_queue_t* rkqu, int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_queue_poll)(rkqu, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  Call call("rd_kafka_queue_poll", nullptr);
  call.before_poll();
  rd_kafka_event_t* const event = real();
  auto result = nlohmann::json::object();
  if (event != nullptr) result["event"] = REAL(rd_kafka_event_name)(event);
  call.after_poll(result);
  return event;
}

// A record leaves its event here; looking into the event earlier would already count as taking it out.
WATCHED const rd_kafka_message_t* rd_kafka_event_message_next(rd_kafka_event_t* rkev) {
  const auto real = [&] { return REAL(rd_kafka_event_message_next)(rkev); };
  if (CALLED_BY_LIBRDKAFKA() || REAL(rd_kafka_event_type)(rkev) != RD_KAFKA_EVENT_FETCH) return real();
  const rd_kafka_message_t* const record = real();
  if (record != nullptr) {
    auto* const one = const_cast<rd_kafka_message_t*>(record);  // only read
    Call("rd_kafka_event_message_next", nullptr).after_poll(watch::described(&one, 1));
  }
  return record;
}

WATCHED size_t rd_kafka_event_message_array(rd_kafka_event_t* rkev, const rd_kafka_message_t** rkmessages,
                                            size_t size) {
  const auto real = [&] { return REAL(rd_kafka_event_message_array)(rkev, rkmessages, size); };
  if (CALLED_BY_LIBRDKAFKA() || REAL(rd_kafka_event_type)(rkev) != RD_KAFKA_EVENT_FETCH) return real();
  const size_t count = real();
  auto* const records = const_cast<rd_kafka_message_t**>(rkmessages);  // only read
  if (count > 0) {
    Call("rd_kafka_event_message_array", nullptr)
        .after_poll(watch::described(records, static_cast<ssize_t>(count)));
  }
  return count;
}
