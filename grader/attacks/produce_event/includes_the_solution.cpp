// what: includes the solution
// tier: process-group
// compiles: no
// checks: arrives_exactly_as_sent
#include "@ROOT@/solutions/2-producer/produce_event.cpp"
