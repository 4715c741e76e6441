// Clients come and go.

#include "watch/call.hpp"
#include "watch/real.hpp"

WATCHED rd_kafka_t* rd_kafka_new(rd_kafka_type_t type, rd_kafka_conf_t* conf, char* errstr,
                                 size_t errstr_size) {
  if (CALLED_BY_LIBRDKAFKA()) return REAL(rd_kafka_new)(type, conf, errstr, errstr_size);
  const nlohmann::json arguments{{"type", type == RD_KAFKA_CONSUMER ? "consumer" : "producer"},
                                 {"config", watch::described(conf)}};  // before the client takes it over
  watch::Call("rd_kafka_new", nullptr, arguments).before();
  rd_kafka_t* const client = REAL(rd_kafka_new)(type, conf, errstr, errstr_size);
  auto result = nlohmann::json::object();
  if (client == nullptr) result["error"] = "_FAIL";
  watch::Call("rd_kafka_new", client, arguments).after(result);
  return client;
}

WATCHED void rd_kafka_destroy(rd_kafka_t* rk) {
  if (CALLED_BY_LIBRDKAFKA()) return REAL(rd_kafka_destroy)(rk);
  watch::Call call("rd_kafka_destroy", rk);
  call.before();
  REAL(rd_kafka_destroy)(rk);
  call.after(nlohmann::json::object());
}

WATCHED void rd_kafka_destroy_flags(rd_kafka_t* rk, int flags) {
  if (CALLED_BY_LIBRDKAFKA()) return REAL(rd_kafka_destroy_flags)(rk, flags);
  watch::Call call("rd_kafka_destroy_flags", rk, {{"flags", flags}});
  call.before();
  REAL(rd_kafka_destroy_flags)(rk, flags);
  call.after(nlohmann::json::object());
}
