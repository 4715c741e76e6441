#include "tool/interrupt.hpp"

#include <csignal>
#include <cstdlib>

namespace grader {
namespace {

sigset_t watched() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGUSR2}) sigaddset(&signals, signal);  // SIGUSR2 ends the thread
  return signals;
}

}  // namespace

Interrupt::Interrupt() {
  const sigset_t signals = watched();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([source = source_]() mutable {
    const sigset_t mine = watched();
    int signal = 0;
    sigwait(&mine, &signal);
    if (signal == SIGUSR2) return;
    source.request_stop();
    sigwait(&mine, &signal);
    if (signal != SIGUSR2) std::_Exit(128 + signal);
  });
}

Interrupt::~Interrupt() {
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
  const sigset_t signals = watched();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

}  // namespace grader
