// Commits in all their forms, and the storing of offsets that commits without arguments take up.

#include "watch/call.hpp"
#include "watch/real.hpp"

using watch::Call;
using watch::described;
using watch::observed;

WATCHED rd_kafka_resp_err_t rd_kafka_commit(rd_kafka_t* rk, const rd_kafka_topic_partition_list_t* offsets,
                                            int async) {
  const auto real = [&] { return REAL(rd_kafka_commit)(rk, offsets, async); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_commit", rk, {{"offsets", described(offsets)}, {"async", async != 0}}),
                  real);
}

WATCHED rd_kafka_resp_err_t rd_kafka_commit_message(rd_kafka_t* rk, const rd_kafka_message_t* rkmessage,
                                                    int async) {
  const auto real = [&] { return REAL(rd_kafka_commit_message)(rk, rkmessage, async); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(
      Call("rd_kafka_commit_message", rk, {{"message", described(*rkmessage)}, {"async", async != 0}}), real);
}

using OffsetCommitCallback = void(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*, void*);

WATCHED rd_kafka_resp_err_t rd_kafka_commit_queue(rd_kafka_t* rk,
                                                  const rd_kafka_topic_partition_list_t* offsets,
                                                  rd_kafka_queue_t* rkqu, OffsetCommitCallback* cb,
                                                  void* opaque) {
  const auto real = [&] { return REAL(rd_kafka_commit_queue)(rk, offsets, rkqu, cb, opaque); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  // Without a queue of the program's own it waits for its callback.
  return observed(
      Call("rd_kafka_commit_queue", rk, {{"offsets", described(offsets)}, {"async", rkqu != nullptr}}), real);
}

WATCHED rd_kafka_resp_err_t rd_kafka_offsets_store(rd_kafka_t* rk, rd_kafka_topic_partition_list_t* offsets) {
  const auto real = [&] { return REAL(rd_kafka_offsets_store)(rk, offsets); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_offsets_store", rk, {{"offsets", described(offsets)}}), real);
}

WATCHED rd_kafka_resp_err_t rd_kafka_offset_store(rd_kafka_topic_t* rkt, int32_t partition, int64_t offset) {
  const auto real = [&] { return REAL(rd_kafka_offset_store)(rkt, partition, offset); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  // This one takes the record's offset and stores the next.
  const nlohmann::json message{
      {"topic", REAL(rd_kafka_topic_name)(rkt)}, {"partition", partition}, {"offset", offset}};
  return observed(Call("rd_kafka_offset_store", nullptr, {{"message", message}}), real);
}
