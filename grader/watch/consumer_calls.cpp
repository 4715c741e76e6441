// Membership and assignment.

#include "watch/call.hpp"
#include "watch/real.hpp"

using watch::Call;
using watch::described;
using watch::observed;

WATCHED rd_kafka_resp_err_t rd_kafka_subscribe(rd_kafka_t* rk,
                                               const rd_kafka_topic_partition_list_t* topics) {
  const auto real = [&] { return REAL(rd_kafka_subscribe)(rk, topics); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_subscribe", rk, {{"topics", described(topics)}}), real);
}

WATCHED rd_kafka_resp_err_t rd_kafka_unsubscribe(rd_kafka_t* rk) {
  const auto real = [&] { return REAL(rd_kafka_unsubscribe)(rk); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_unsubscribe", rk), real);
}

WATCHED rd_kafka_resp_err_t rd_kafka_assign(rd_kafka_t* rk,
                                            const rd_kafka_topic_partition_list_t* partitions) {
  const auto real = [&] { return REAL(rd_kafka_assign)(rk, partitions); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_assign", rk, {{"partitions", described(partitions)}}), real);
}

WATCHED rd_kafka_error_t* rd_kafka_incremental_assign(rd_kafka_t* rk,
                                                      const rd_kafka_topic_partition_list_t* partitions) {
  const auto real = [&] { return REAL(rd_kafka_incremental_assign)(rk, partitions); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_incremental_assign", rk, {{"partitions", described(partitions)}}), real);
}

WATCHED rd_kafka_error_t* rd_kafka_incremental_unassign(rd_kafka_t* rk,
                                                        const rd_kafka_topic_partition_list_t* partitions) {
  const auto real = [&] { return REAL(rd_kafka_incremental_unassign)(rk, partitions); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_incremental_unassign", rk, {{"partitions", described(partitions)}}), real);
}

WATCHED rd_kafka_resp_err_t rd_kafka_seek(rd_kafka_topic_t* rkt, int32_t partition, int64_t offset,
                                          int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_seek)(rkt, partition, offset, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  const nlohmann::json place{
      {"topic", REAL(rd_kafka_topic_name)(rkt)}, {"partition", partition}, {"offset", offset}};
  return observed(Call("rd_kafka_seek", nullptr, {{"partitions", {place}}}), real);
}

WATCHED rd_kafka_error_t* rd_kafka_seek_partitions(rd_kafka_t* rk,
                                                   rd_kafka_topic_partition_list_t* partitions,
                                                   int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_seek_partitions)(rk, partitions, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_seek_partitions", rk, {{"partitions", described(partitions)}}), real);
}

WATCHED rd_kafka_resp_err_t rd_kafka_consumer_close(rd_kafka_t* rk) {
  const auto real = [&] { return REAL(rd_kafka_consumer_close)(rk); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_consumer_close", rk), real);
}

WATCHED rd_kafka_error_t* rd_kafka_consumer_close_queue(rd_kafka_t* rk, rd_kafka_queue_t* rkqu) {
  const auto real = [&] { return REAL(rd_kafka_consumer_close_queue)(rk, rkqu); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_consumer_close_queue", rk), real);
}
