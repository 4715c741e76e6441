#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "checks/framework/crash_check.hpp"
#include "checks/framework/receipts.hpp"
#include "evidence/records.hpp"

namespace grader {

/// The steps that the checks of process_exactly_once are made of. A group of the check stands for one
/// pipeline: it has an output topic and a transactional id of its own, named after it. `commit_every` is the
/// size of a batch.
class ProcessCheck : public CrashCheck {
 protected:
  /// A fetch brings one record of one partition, so that the partitions take turns at the handler.
  static inline const course::ClientConfig interleaved{{"max.partition.fetch.bytes", "1"}};

  std::unique_ptr<ConsumerRun> consume(const Consuming& consuming) override;
  /// The same under another transactional id: a second worker of the pipeline.
  std::unique_ptr<ConsumerRun> consume_as(const std::string& transactional_id, const Consuming& consuming);

  /// The output topic of a pipeline; made when it is first asked for. Safe to use from several threads.
  std::string output_of(const std::string& group, const Admin::TopicSettings& settings = {});
  static std::string transactional_id_of(const std::string& group) { return group + "-id"; }

  /// What readers of the output see now; noted in the timeline.
  Receipts look(const std::string& group, const std::vector<course::Record>& records,
                Isolation isolation = Isolation::read_committed);

  /// Waits until each of `records` has its receipt and is committed, and no receipt is there twice. `runs`
  /// are the programs of the pipeline, of which one at least has to live.
  void expect_receipts(const std::vector<ConsumerRun*>& runs, const std::string& group,
                       const std::vector<course::Record>& records);
  /// The same of what is there when the programs have ended: a receipt if and only if the offset is
  /// committed.
  void expect_both_or_neither(const std::string& group, const std::vector<course::Record>& records,
                              const std::string& moment);

  /// Five records in partition 0. The receipt of the fourth is as large as its value: more than 3,000 bytes.
  std::vector<course::Record> seed_with_a_large_fourth(const std::string& topic);

  /// The request log shows transactions in the name of the member, under this pipeline's id, and nothing
  /// else.
  void expect_transactions_only(const std::string& group);
  /// Nothing keeps read_committed readers from the end of the output.
  void expect_no_open_transaction(const std::string& group);

  /// Where a program is held. At this record, in the receipt maker:
  static ConsumerRun::Hold at(const Place& place);
  /// when it has been given its first record: no transaction has begun, so one that begins then is young when
  /// what has happened meanwhile is noticed;
  static ConsumerRun::Hold first_record();
  /// wherever something can become visible, or is decided.
  static ConsumerRun::Hold at_every_step();

  /// Until all is committed, at every question of a program that is held `at_every_step`: a receipt can be
  /// seen if and only if its record is committed, and never more than a batch is not.
  void expect_together_at_every_step(ConsumerRun& run, const Consuming& consuming,
                                     const std::vector<course::Record>& records);

  /// The program ends by itself, with an exception, which is returned; else `otherwise` is found.
  nlohmann::json expect_throws(ConsumerRun& run, const Finding& otherwise);
  /// It ends because another one has taken its place, and says so.
  void expect_fenced(ConsumerRun& run);

  /// Waits until the program is held; the hold has to be set.
  Question expect_held(ConsumerRun& run, const std::string& where);

  Outcome crash_at(const CrashPoint& point, Consuming consuming,
                   const std::vector<course::Record>& records) override;

  /// A finding with the cause that the request log shows, if it shows one.
  Finding with_cause(Finding finding, const std::string& group);

 private:
  std::mutex outputs_mutex_;
  std::map<std::string, std::string> outputs_;  ///< By group.
  std::mutex requests_mutex_;
  std::vector<std::string> transactional_ids_;  ///< All that were given to programs.
};

/// Whether a question is about this call of librdkafka, before or after.
bool is_call(const nlohmann::json& question, const std::string& call, const std::string& when);

}  // namespace grader
