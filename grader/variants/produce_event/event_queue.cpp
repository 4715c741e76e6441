// Without callbacks: delivery reports are events of the producer's main queue.

#include "2-producer/produce_event.hpp"
#include "shared/c_client.hpp"

namespace course {
namespace {

class Producer {
 public:
  explicit Producer(const ClientConfig& config)
      : client_(
            make_client(RD_KAFKA_PRODUCER, {{"acks", "-1"}}, config,
                        [](rd_kafka_conf_t* conf) { rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR); })),
        queue_(rd_kafka_queue_get_main(client_)) {}
  ~Producer() {
    rd_kafka_queue_destroy(queue_);
    rd_kafka_destroy(client_);
  }
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  rd_kafka_t* get() { return client_; }

  Delivery next_report() {
    for (;;) {
      const std::unique_ptr<rd_kafka_event_t, void (*)(rd_kafka_event_t*)> event(
          rd_kafka_queue_poll(queue_, 1000), rd_kafka_event_destroy);
      if (!event || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
      return to_delivery(*rd_kafka_event_message_next(event.get()));
    }
  }

 private:
  rd_kafka_t* client_;
  rd_kafka_queue_t* queue_;
};

}  // namespace

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  Producer producer(config);
  rd_kafka_headers_t* headers = headers_of(event);
  rd_kafka_vu_t arguments[7];
  arguments[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  arguments[0].u.cstr = topic.c_str();
  arguments[1].vtype = RD_KAFKA_VTYPE_VALUE;
  arguments[1].u.mem = {.ptr = data(event.value), .size = size(event.value)};
  arguments[2].vtype = RD_KAFKA_VTYPE_KEY;
  arguments[2].u.mem = {.ptr = data(event.key), .size = size(event.key)};
  arguments[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  arguments[3].u.i = RD_KAFKA_MSG_F_COPY;
  arguments[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  arguments[4].u.headers = headers;
  arguments[5].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
  arguments[5].u.i64 = event.timestamp ? event.timestamp->count() : 0;
  rd_kafka_error_t* refused = rd_kafka_produceva(producer.get(), arguments, 6);
  if (refused == nullptr) return producer.next_report();
  Delivery delivery{.error = rd_kafka_error_string(refused)};
  rd_kafka_error_destroy(refused);
  rd_kafka_headers_destroy(headers);
  return delivery;
}

}  // namespace course
