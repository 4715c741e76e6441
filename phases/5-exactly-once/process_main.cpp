// The program of phase 5: writes a receipt for each order, exactly once.

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "5-exactly-once/process_exactly_once.hpp"
#include "5-exactly-once/receipt.hpp"
#include "support/printing.hpp"
#include "support/program.hpp"

int main(int argc, char** argv) {
  course::Program program("process", "Writes a receipt for each order, exactly once, until Ctrl+C.");
  course::ProcessOptions process{
      .config = {}, .input = "orders", .output = "receipts", .transactional_id = "receipts-1"};
  std::string group = "receipt-writers";
  auto& options = program.options();
  options.add_option("--input", process.input, "what to read")->capture_default_str();
  options.add_option("--output", process.output, "where the receipts go")->capture_default_str();
  options.add_option("--group", group, "the consumer group to be a member of")->capture_default_str();
  options.add_option("--transactional-id", process.transactional_id, "who this is, across restarts")
      ->capture_default_str();
  options.add_option("--batch", process.batch_size, "the most records in one transaction")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  program.add_work_option();

  return program.run(argc, argv, [&] {
    process.config = program.client_config();
    process.config.try_emplace("group.id", group);
    const auto work = program.handler([&](const course::Record& order) {
      fmt::print("partition {}  offset {:>4}  key {:<8} {}\n", order.source.partition, order.offset,
                 course::printable(order.event.key), course::printable(order.event.value));
      std::fflush(stdout);
    });
    const auto make_receipt = [&](const course::Record& order) {
      work(order);
      return course::receipt_of(order);
    };
    try {
      course::process_exactly_once(process, make_receipt, program.stop());
    } catch (const course::Fenced& fenced) {
      if (program.check()) program.check()->tell({{"kind", "fenced"}, {"text", fenced.what()}});
      throw;
    }
  });
}
