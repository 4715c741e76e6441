#include "4-groups/demonstrate_rebalancing.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "4-groups/run_consumer_worker.hpp"

namespace course {
namespace {

using Kind = TimelineEntry::Kind;

/// What happened so far, written by all workers and awaited by the one who directs them.
class Story {
 public:
  void add(TimelineEntry entry) {
    const std::lock_guard lock(mutex_);
    entry.at = std::chrono::steady_clock::now();
    auto& owned = owned_[entry.worker];
    for (const auto& partition : entry.partitions) {
      if (entry.kind == Kind::assigned) owned.insert(partition);
      if (entry.kind == Kind::revoked || entry.kind == Kind::lost) owned.erase(partition);
      if (entry.kind == Kind::handled) handled_.insert({partition, entry.offset});
    }
    if (entry.kind == Kind::handled) busy_.insert(entry.worker);
    most_owned_ = std::max(most_owned_, owned.size());
    entries_.push_back(std::move(entry));
    changed_.notify_all();
  }

  void fail(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
    changed_.notify_all();
  }

  [[nodiscard]] bool failed() {
    const std::lock_guard lock(mutex_);
    return error_ != nullptr;
  }

  /// Of the topic, as far as seen: the first worker is alone for a while and gets all of them.
  [[nodiscard]] std::size_t partitions() {
    const std::lock_guard lock(mutex_);
    return most_owned_;
  }

  /// Waits until `holds`, at the latest until a worker failed, `stop` was requested or `time` is over.
  template <typename Predicate>
  void wait(const std::stop_token& stop, std::chrono::milliseconds time, Predicate holds) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, time, [&] { return error_ || holds(); });
  }

  // For predicates, which hold the lock.
  [[nodiscard]] bool owns(const std::string& worker) const {
    const auto found = owned_.find(worker);
    return found != owned_.end() && !found->second.empty();
  }
  [[nodiscard]] bool was_busy(const std::string& worker) const { return busy_.contains(worker); }
  [[nodiscard]] std::size_t handled() const { return handled_.size(); }

  std::vector<TimelineEntry> finish() {
    const std::lock_guard lock(mutex_);
    if (error_) std::rethrow_exception(error_);
    return std::move(entries_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<TimelineEntry> entries_;
  std::map<std::string, std::set<TopicPartition>> owned_;
  std::set<std::pair<TopicPartition, std::int64_t>> handled_;
  std::set<std::string> busy_;
  std::size_t most_owned_ = 0;
  std::exception_ptr error_;
};

/// Writes down what the group gives to one worker and takes from it.
class Witness : public RebalanceObserver {
 public:
  Witness(Story& story, std::string worker) : story_(story), worker_(std::move(worker)) {}
  void on_assigned(const std::vector<TopicPartition>& partitions) override {
    add(Kind::assigned, partitions);
  }
  void on_revoked(const std::vector<TopicPartition>& partitions) override { add(Kind::revoked, partitions); }
  void on_lost(const std::vector<TopicPartition>& partitions) override { add(Kind::lost, partitions); }

 private:
  void add(Kind kind, const std::vector<TopicPartition>& partitions) {
    if (!partitions.empty())
      story_.add({.at = {}, .worker = worker_, .kind = kind, .partitions = partitions});
  }

  Story& story_;
  std::string worker_;
};

/// The life of one worker, in a thread of its own.
void work(const DemonstrationOptions& options, const std::string& name, Story& story,
          const std::stop_token& stop) {
  story.add({.at = {}, .worker = name, .kind = Kind::started});
  try {
    Witness witness(story, name);
    const auto handler = [&](const Record& record) {
      options.handler(record);
      story.add({.at = {},
                 .worker = name,
                 .kind = Kind::handled,
                 .partitions = {record.source},
                 .offset = record.offset});
    };
    run_consumer_worker({.name = name,
                         .config = options.config,
                         .topics = {options.topic},
                         .commit_every = options.commit_every},
                        handler, witness, stop);
    story.add({.at = {}, .worker = name, .kind = Kind::stopped});
  } catch (...) {
    story.fail(std::current_exception());
  }
}

}  // namespace

std::vector<TimelineEntry> demonstrate_rebalancing(const DemonstrationOptions& options,
                                                   std::stop_token stop) {
  constexpr auto long_enough = std::chrono::hours(24);
  constexpr auto time_to_join = std::chrono::seconds(2);
  Story story;
  std::vector<std::string> names;
  std::vector<std::jthread> workers;  // a jthread asks its worker to stop when it goes, and waits for it
  for (std::size_t i = 1; i <= options.workers && !stop.stop_requested() && !story.failed(); ++i) {
    names.push_back("worker-" + std::to_string(i));
    workers.emplace_back([&options, &story, name = names.back()](const std::stop_token& own) {
      work(options, name, story, own);
    });
    const bool gets_some = i == 1 || i <= story.partitions();
    story.wait(stop, gets_some ? long_enough : time_to_join, [&] {
      return std::ranges::all_of(names, [&](const auto& name) { return story.owns(name); });
    });
  }
  const auto all_handled = [&] { return story.handled() >= options.records; };
  story.wait(stop, long_enough, [&] {
    return all_handled() || std::ranges::all_of(names, [&](const auto& name) {
             return story.was_busy(name) || !story.owns(name);
           });
  });
  if (!workers.empty()) {
    workers.front().request_stop();
    workers.front().join();
  }
  story.wait(stop, long_enough, all_handled);
  for (auto& worker : workers) worker.request_stop();
  workers.clear();
  return story.finish();
}

}  // namespace course
