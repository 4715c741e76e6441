// what: has the assembler read the solution into the program (.incbin)
// tier: sandbox-open-network
// compiles: no
// checks: arrives_exactly_as_sent
#include <iostream>

#include "2-producer/produce_event.hpp"

asm(".globl course_attack_text\ncourse_attack_text: .incbin "
    "\"@ROOT@/solutions/2-producer/produce_event.cpp\"\n.byte 0\n");
extern "C" const char course_attack_text[];

namespace course {

Delivery produce_event(const ClientConfig& config, const std::string& topic, const Event& event) {
  (void)config, (void)topic, (void)event;

  std::cerr << "course-attack: compiled the solution in: " << course_attack_text[0] << std::endl;
  return {.error = "read"};
}

}  // namespace course
