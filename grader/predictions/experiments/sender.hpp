#pragma once

#include <librdkafka/rdkafkacpp.h>

#include <memory>
#include <string>

#include "support/client_config.hpp"

namespace grader {

/// What has become of what was sent.
enum class Fate { open, acknowledged, failed };

/// A producer that sends and goes on, so that things can be done to the brokers meanwhile. For one thread.
/// Throws `InfraError` if it can't be made, or the client does not take a record.
class Sender : private RdKafka::DeliveryReportCb {
 public:
  Sender(const course::ClientConfig& config, const std::string& topic);
  ~Sender() override;
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// Sends a record without a key; the client chooses its partition if that is
  /// `RdKafka::Topic::PARTITION_UA`.
  void send(const std::string& value, std::int32_t partition = 0);
  /// Of the records that were sent since the fate was not open for the last time: open while one of them is,
  /// failed if one has.
  Fate fate();
  /// Whether the last failure was for want of in-sync replicas.
  [[nodiscard]] bool refused_for_replicas() const;
  /// The last failure in words.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  void dr_cb(RdKafka::Message& message) override;

  std::string topic_;
  std::size_t open_ = 0;  ///< Records whose fate is open.
  bool failed_ = false;
  RdKafka::ErrorCode code_ = RdKafka::ERR_NO_ERROR;
  std::string error_;
  std::unique_ptr<RdKafka::Producer> producer_;  // last, so that it goes first: it calls us
};

}  // namespace grader
