#include "predictions/journal.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <system_error>

#include "harness/broker_state.hpp"
#include "harness/command.hpp"
#include "harness/infra_error.hpp"
#include "harness/text_file.hpp"

namespace grader {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json read(const fs::path& file) {
  if (!fs::exists(file))
    return {{"schema", 1}, {"predictions", json::object()}, {"reflections", json::object()}};
  try {
    auto content = json::parse(read_text(file));
    if (content.at("predictions").is_object() && content.at("reflections").is_object()) return content;
  } catch (const json::exception&) {
  }
  throw InfraError(
      fmt::format("your answers in {} can't be read; move that file away to begin a new one", file.string()));
}

/// Changes the file as a whole or not at all, one process after the other.
void change(const fs::path& file, const std::function<void(json&)>& how) {
  const FileLock lock(file.string() + ".lock");
  auto content = read(file);
  how(content);
  const fs::path draft = file.string() + ".new";
  write_private(draft, content.dump(1) + '\n');
  std::error_code error;
  fs::rename(draft, file, error);
  if (error) throw InfraError(file_error("write", file, error.value()));
}

json to_json(const Prediction& one) {
  return {{"answer", one.answer},
          {"why", one.why},
          {"made_at", one.made_at},
          {"settings", one.settings},
          {"observed", one.observed ? json(*one.observed) : json(nullptr)}};
}

Prediction from_json(const json& one) {
  Prediction prediction{.answer = one.at("answer"),
                        .why = one.at("why"),
                        .made_at = one.at("made_at"),
                        .settings = one.at("settings")};
  if (one.at("observed").is_string()) prediction.observed = one.at("observed").get<std::string>();
  return prediction;
}

}  // namespace

Journal::Journal(fs::path state_folder) : file_(std::move(state_folder) / "answers.json") {}

std::vector<Prediction> Journal::predictions(const std::string& question) const {
  std::vector<Prediction> list;
  const auto content = read(file_);
  for (const auto& one : content.at("predictions").value(question, json::array()))
    list.push_back(from_json(one));
  return list;
}

void Journal::add(const std::string& question, const Prediction& prediction) {
  change(file_, [&](json& content) {
    auto& list = content["predictions"][question];
    if (!list.empty() && list.back().at("observed").is_null()) list.erase(list.size() - 1);
    list.push_back(to_json(prediction));
  });
}

void Journal::settle(const std::string& question, const std::string& observed,
                     const std::map<std::string, std::string>& settings) {
  change(file_, [&](json& content) {
    auto& last = content["predictions"][question].back();
    last["observed"] = observed;
    last["settings"] = settings;
  });
}

bool Journal::is_settled(const std::string& question) const {
  const auto list = predictions(question);
  return std::ranges::any_of(list, &Prediction::settled);
}

std::optional<Reflection> Journal::reflection(const std::string& question) const {
  const auto content = read(file_);
  const auto found = content.at("reflections").find(question);
  if (found == content.at("reflections").end()) return std::nullopt;
  return Reflection{.text = found->at("text"), .written_at = found->at("written_at")};
}

void Journal::set_reflection(const std::string& question, const Reflection& reflection) {
  change(file_, [&](json& content) {
    content["reflections"][question] = {{"text", reflection.text}, {"written_at", reflection.written_at}};
  });
}

std::string now_in_words() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now())));
}

}  // namespace grader
