#pragma once

#include <map>
#include <string>

namespace course {

/// librdkafka properties by name, such as {"bootstrap.servers", "localhost:9092"}. All names:
/// https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md
///
/// Every entry must reach the client and wins over a setting of your own; what is absent is your
/// decision. This is how a check, or you at the terminal (`-X linger.ms=50`), tries another setting.
using ClientConfig = std::map<std::string, std::string>;

}  // namespace course
