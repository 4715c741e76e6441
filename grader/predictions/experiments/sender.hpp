#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <string>

#include "support/client_config.hpp"

namespace grader {

/// What has become of a record that was sent.
enum class Fate { open, acknowledged, failed };

/// A producer that sends one record and goes on, so that things can be done to the brokers meanwhile. For one
/// thread. Throws `InfraError` if it can't be made, or the client does not take the record.
class Sender : private RdKafka::DeliveryReportCb {
 public:
  Sender(const course::ClientConfig& config, const std::string& topic);
  ~Sender() override;
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// Sends a record to partition 0; the one before must be settled.
  void send(const std::string& value);
  /// What is known by now of the record that was sent last.
  Fate fate();
  /// Whether it failed because there were too few in-sync replicas.
  [[nodiscard]] bool refused_for_replicas() const;
  /// Why it failed; empty if it did not.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  void dr_cb(RdKafka::Message& message) override;

  std::string topic_;
  Fate fate_ = Fate::open;
  RdKafka::ErrorCode code_ = RdKafka::ERR_NO_ERROR;
  std::string error_;
  std::unique_ptr<RdKafka::Producer> producer_;  // last, so that it goes first: it calls us
};

}  // namespace grader
