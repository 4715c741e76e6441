// Transactions.

#include "watch/call.hpp"
#include "watch/real.hpp"

using watch::Call;
using watch::observed;

WATCHED rd_kafka_error_t* rd_kafka_init_transactions(rd_kafka_t* rk, int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_init_transactions)(rk, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_init_transactions", rk), real);
}

WATCHED rd_kafka_error_t* rd_kafka_begin_transaction(rd_kafka_t* rk) {
  const auto real = [&] { return REAL(rd_kafka_begin_transaction)(rk); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_begin_transaction", rk), real);
}

WATCHED rd_kafka_error_t* rd_kafka_send_offsets_to_transaction(
    rd_kafka_t* rk, const rd_kafka_topic_partition_list_t* offsets,
    const rd_kafka_consumer_group_metadata_t* cgmetadata, int timeout_ms) {
  const auto real = [&] {
    return REAL(rd_kafka_send_offsets_to_transaction)(rk, offsets, cgmetadata, timeout_ms);
  };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_send_offsets_to_transaction", rk, {{"offsets", watch::described(offsets)}}),
                  real);
}

WATCHED rd_kafka_error_t* rd_kafka_commit_transaction(rd_kafka_t* rk, int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_commit_transaction)(rk, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_commit_transaction", rk), real);
}

WATCHED rd_kafka_error_t* rd_kafka_abort_transaction(rd_kafka_t* rk, int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_abort_transaction)(rk, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_abort_transaction", rk), real);
}
