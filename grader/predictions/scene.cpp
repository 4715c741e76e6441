#include "predictions/scene.hpp"

#include <fmt/format.h>

#include <charconv>
#include <exception>
#include <random>
#include <thread>

#include "evidence/cluster.hpp"
#include "evidence/coordinator.hpp"
#include "harness/infra_error.hpp"

namespace grader {
namespace {

constexpr std::string_view common_prefix = "prediction-";
constexpr auto look_again = std::chrono::milliseconds(5);
/// No experiment takes as long: who made a topic so long ago is gone.
constexpr auto longest_experiment = std::chrono::minutes(10);

std::int64_t seconds_of_today() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Whether a topic was made by an experiment that can't be running any more: its name says when it began.
bool is_leftover(const std::string& topic) {
  if (!topic.starts_with(common_prefix)) return false;
  std::int64_t made = 0;
  std::from_chars(topic.data() + common_prefix.size(), topic.data() + topic.size(), made);
  return std::chrono::seconds(seconds_of_today() - made) > longest_experiment;
}

}  // namespace

Place place_of(const BrokerCluster& cluster, std::filesystem::path folder) {
  Place place{.client = Cluster::of(cluster.brokers.front()).admin, .cluster = std::move(folder)};
  place.client["bootstrap.servers"] = cluster.grader_address();
  return place;
}

Scene::Scene(Paths paths, Place place, std::stop_token stop)
    : paths_(std::move(paths)),
      place_(std::move(place)),
      stop_(std::move(stop)),
      admin_(this->client({{"client.id", "prediction"}})),
      prefix_(
          fmt::format("{}{}-{:04x}-", common_prefix, seconds_of_today(), std::random_device{}() & 0xffffU)),
      folder_(paths_.state / "predictions" / prefix_) {
  remove_leftovers();
  std::filesystem::create_directories(folder_);
}

Scene::~Scene() {
  // Nothing here is worth a second error: what stays behind is removed by the next experiment, or with the
  // broker.
  for (const auto& group : groups_) {
    try {
      remove_group(group);
    } catch (const std::exception&) {
    }
  }
  try {
    admin_.delete_topics(topics_);
  } catch (const std::exception&) {
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

course::ClientConfig Scene::client(const course::ClientConfig& more) const {
  auto config = more;
  config.try_emplace("log_level", "2");  // experiments provoke what a client would complain of
  config.insert(place_.client.begin(), place_.client.end());
  return config;
}

std::string Scene::create_topic(const std::string& label, int partitions,
                                const Admin::TopicSettings& settings, int replicas) {
  check_interrupt();
  topics_.push_back(fresh_name(label));
  admin_.create_topic(topics_.back(), partitions, settings, replicas);
  return topics_.back();
}

std::string Scene::name_group(const std::string& label) {
  groups_.push_back(fresh_name(label));
  return groups_.back();
}

std::string Scene::fresh_name(const std::string& label) const {
  return prefix_ + label;
}

void Scene::wait_until(const std::string& what, const std::function<bool()>& holds,
                       std::chrono::milliseconds limit) const {
  if (!comes_true(holds, limit))
    settled_nothing(fmt::format("{} did not come within {} ms", what, limit.count()));
}

bool Scene::comes_true(const std::function<bool()>& holds, std::chrono::milliseconds limit) const {
  const auto deadline = Clock::now() + limit;
  while (!holds()) {
    check_interrupt();
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(look_again);
  }
  return true;
}

void Scene::check_interrupt() const {
  if (stop_.stop_requested()) throw Interrupted();
}

std::chrono::milliseconds Scene::since_start(Clock::time_point at) const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at - begun_);
}

void Scene::remove_group(const std::string& group) {
  const auto described = admin_.describe(group);
  for (const auto& member : described.members) {
    // Killed, so the coordinator still counts on it; a group with members can't be deleted.
    const auto coordinator =
        coordinator_address(described.coordinator_host, described.coordinator_port, place_.client);
    remove_member(coordinator, group, member.member_id, std::chrono::seconds(2));
  }
  admin_.delete_group(group);
}

void Scene::remove_leftovers() {
  std::vector<std::string> old;
  std::vector<std::string> topics;
  try {
    topics = admin_.topics();  // the first request of all
  } catch (const InfraError& error) {
    throw InfraError(
        fmt::format("no broker answers at {} ({})", place_.client.at("bootstrap.servers"), error.what()));
  }
  for (const auto& topic : topics) {
    if (is_leftover(topic)) old.push_back(topic);
  }
  admin_.delete_topics(old);
}

void settled_nothing(const std::string& why) {
  throw InfraError("the experiment settled nothing: " + why);
}

}  // namespace grader
