#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <stop_token>
#include <string>

#include "support/client_config.hpp"
#include "support/record.hpp"

namespace course {

/// Makes the receipt of one record. It may take long, and it may throw: then the record has none.
using ReceiptMaker = std::function<Event(const Record&)>;

struct ProcessOptions {
  /// With `bootstrap.servers` and `group.id`; for both clients, the consumer and the producer. What only
  /// the other kind knows is ignored by librdkafka, with a warning in its log.
  ClientConfig config;
  std::string input;
  std::string output;
  /// The `transactional.id` of the producer: who we are, across restarts. Of two that live at the same
  /// time the one that started later is it.
  std::string transactional_id;
  std::size_t batch_size = 100;  ///< The most records in one transaction; at least 1.
};

/// Somebody else has started with our transactional id, or the broker has given up waiting for us.
/// The text says so.
class Fenced : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Reads `options.input` as a member of the group `config["group.id"]`, and writes to `options.output` the
/// receipt that `make_receipt` makes of each record, until `stop` is requested.
///
/// The promise: exactly once
/// - Whoever reads the output with `isolation.level=read_committed` finds one receipt for each record,
///   wherever and however often the program dies or is replaced; none is missing, none is there twice.
/// - To that end receipts and input offsets are committed in one transaction, in the name of the group
///   member that has read the records: both or neither. Nothing is committed in any other way.
/// - A receipt lies there as `make_receipt` returned it, byte for byte. Receipts of equal keys (of records
///   of one partition) lie in the order of the records.
///
/// What is read
/// - A group that has committed goes on behind its last committed offset; a new one starts with the
///   earliest record, unless `config` says otherwise. Records of aborted transactions are no records.
///
/// When it is committed
/// - A transaction takes at most `batch_size` records. It does not wait for more of them to come: a receipt
///   is visible at most a second after its record was handled, also when nothing follows.
/// - Before partitions are given up in a rebalance, the transaction under way is committed, or aborted.
///   If they are lost already, it is aborted.
///
/// When something goes wrong
/// - `make_receipt` throws: the transaction is aborted, the committed offsets stay as they were before it,
///   the group is left, the exception goes on to the caller.
/// - A *retriable* error: the same step is tried again. A full local queue is waited out.
/// - An *abortable* error, such as a refused receipt, or a group that has moved on: the transaction is
///   aborted, the position goes back to the first record of it, and these records are tried again. When
///   the same keeps failing (a receipt that the broker will never take), the call ends within a
///   few seconds with a `std::runtime_error` that says why. It is never skipped. That the group has moved
///   on passes, and ends nothing: the consumer becomes a member again when it hears of it.
/// - A *fatal* error ends the call: as `Fenced` if somebody has taken our place, else as
///   `std::runtime_error`. Nothing is written any more, and the next start makes it good.
/// - A `config` from which no client can be made ends the call with a `std::runtime_error`.
///
/// How it ends
/// - Idle time is not an end. `stop` is seen within a second, even then.
/// - On return everything handled is committed (after an error: or aborted), no transaction is open, and
///   the group has been left.
void process_exactly_once(const ProcessOptions& options, const ReceiptMaker& make_receipt,
                          std::stop_token stop);

}  // namespace course
