// Through the C API: a rebalance callback, a list of offsets, a commit that waits.

#include <exception>

#include "4-groups/run_consumer_worker.hpp"
#include "shared/c_client.hpp"

namespace course {
namespace {

/// What the rebalance callback needs to know.
struct State {
  RebalanceObserver& observer;
  NextOffsets next{};
  std::exception_ptr failure{};
  bool joined = false;
};

bool commit(rd_kafka_t* consumer, State& state) {
  if (rd_kafka_assignment_lost(consumer) != 0) return false;
  if (state.next.empty()) return true;
  const auto error = rd_kafka_commit(consumer, offsets_of(state.next).get(), 0);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) state.next.clear();
  return error != RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION && error != RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
}

void on_rebalance(rd_kafka_t* consumer, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t* list,
                  void* opaque) {
  auto& state = *static_cast<State*>(opaque);
  std::vector<TopicPartition> partitions;
  for (int i = 0; i < list->cnt; ++i)
    partitions.push_back({.topic = list->elems[i].topic, .partition = list->elems[i].partition});
  const bool incremental = std::string(rd_kafka_rebalance_protocol(consumer)) == "COOPERATIVE";
  const bool assigned = event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  try {
    if (assigned) {
      state.joined = true;
      state.observer.on_assigned(partitions);
    } else {
      const bool ours = commit(consumer, state);
      for (const auto& gone : partitions) state.next.erase(gone);
      ours ? state.observer.on_revoked(partitions) : state.observer.on_lost(partitions);
    }
  } catch (...) {
    if (!state.failure) state.failure = std::current_exception();
  }
  rd_kafka_error_t* error = nullptr;
  if (incremental) {
    error = assigned ? rd_kafka_incremental_assign(consumer, list)
                     : rd_kafka_incremental_unassign(consumer, list);
  } else {
    rd_kafka_assign(consumer, assigned ? list : nullptr);
  }
  if (error != nullptr) rd_kafka_error_destroy(error);
}

using Message = std::unique_ptr<rd_kafka_message_t, void (*)(rd_kafka_message_t*)>;

}  // namespace

void run_consumer_worker(const WorkerOptions& options, const Handler& handler, RebalanceObserver& observer,
                         std::stop_token stop) {
  State state{.observer = observer};
  ClientConfig config = options.config;
  config.try_emplace("client.id", options.name);
  rd_kafka_t* consumer = make_consumer(config, [&state](rd_kafka_conf_t* conf) {
    rd_kafka_conf_set_opaque(conf, &state);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
  });

  std::size_t uncommitted = 0;
  try {
    subscribe(consumer, options.topics);
    while (!stop.stop_requested() && !state.failure) {
      const Message message(rd_kafka_consumer_poll(consumer, 100), rd_kafka_message_destroy);
      if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        throw_if_fatal(consumer);
        continue;
      }
      const Record record = to_record(*message);
      handler(record);
      state.next[record.source] = record.offset + 1;
      if (++uncommitted < options.commit_every) continue;
      commit(consumer, state);
      uncommitted = 0;
    }
  } catch (...) {
    if (!state.failure) state.failure = std::current_exception();
  }
  commit(consumer, state);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
  if (state.failure) std::rethrow_exception(state.failure);
}

}  // namespace course
