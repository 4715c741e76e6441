// Sending.

#include <array>
#include <cstdarg>

#include "watch/call.hpp"
#include "watch/real.hpp"

using watch::Call;
using watch::observed;

WATCHED int rd_kafka_produce(rd_kafka_topic_t* rkt, int32_t partition, int msgflags, void* payload,
                             size_t len, const void* key, size_t keylen, void* msg_opaque) {
  const auto real = [&] {
    return REAL(rd_kafka_produce)(rkt, partition, msgflags, payload, len, key, keylen, msg_opaque);
  };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  Call call("rd_kafka_produce", nullptr,
            {{"topic", REAL(rd_kafka_topic_name)(rkt)}, {"partition", partition}});
  call.before();
  const int result = real();
  call.after(watch::described(result == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : REAL(rd_kafka_last_error)()));
  return result;
}

WATCHED int rd_kafka_produce_batch(rd_kafka_topic_t* rkt, int32_t partition, int msgflags,
                                   rd_kafka_message_t* rkmessages, int message_cnt) {
  const auto real = [&] {
    return REAL(rd_kafka_produce_batch)(rkt, partition, msgflags, rkmessages, message_cnt);
  };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  Call call("rd_kafka_produce_batch", nullptr,
            {{"topic", REAL(rd_kafka_topic_name)(rkt)}, {"partition", partition}, {"count", message_cnt}});
  call.before();
  const int result = real();
  call.after({{"accepted", result}});
  return result;
}

namespace {

nlohmann::json target(const rd_kafka_vu_t* arguments, size_t count) {
  auto json = nlohmann::json::object();
  for (size_t i = 0; i < count; ++i) {
    if (arguments[i].vtype == RD_KAFKA_VTYPE_TOPIC) json["topic"] = arguments[i].u.cstr;
    if (arguments[i].vtype == RD_KAFKA_VTYPE_RKT)
      json["topic"] = REAL(rd_kafka_topic_name)(arguments[i].u.rkt);
    if (arguments[i].vtype == RD_KAFKA_VTYPE_PARTITION) json["partition"] = arguments[i].u.i32;
  }
  return json;
}

/// The next argument of rd_kafka_producev; rdkafka.h lists what each type is followed by.
rd_kafka_vu_t next_argument(rd_kafka_vtype_t type, va_list& list) {
  rd_kafka_vu_t argument{};
  argument.vtype = type;
  switch (type) {
    case RD_KAFKA_VTYPE_TOPIC:
      argument.u.cstr = va_arg(list, const char*);
      break;
    case RD_KAFKA_VTYPE_RKT:
      argument.u.rkt = va_arg(list, rd_kafka_topic_t*);
      break;
    case RD_KAFKA_VTYPE_PARTITION:
      argument.u.i32 = va_arg(list, int32_t);
      break;
    case RD_KAFKA_VTYPE_VALUE:
    case RD_KAFKA_VTYPE_KEY:
      argument.u.mem.ptr = va_arg(list, void*);
      argument.u.mem.size = va_arg(list, size_t);
      break;
    case RD_KAFKA_VTYPE_OPAQUE:
      argument.u.ptr = va_arg(list, void*);
      break;
    case RD_KAFKA_VTYPE_MSGFLAGS:
      argument.u.i = va_arg(list, int);
      break;
    case RD_KAFKA_VTYPE_TIMESTAMP:
      argument.u.i64 = va_arg(list, int64_t);
      break;
    case RD_KAFKA_VTYPE_HEADER:
      argument.u.header.name = va_arg(list, const char*);
      argument.u.header.val = va_arg(list, const void*);
      argument.u.header.size = va_arg(list, ssize_t);
      break;
    case RD_KAFKA_VTYPE_HEADERS:
      argument.u.headers = va_arg(list, rd_kafka_headers_t*);
      break;
    default:
      break;
  }
  return argument;
}

}  // namespace

WATCHED rd_kafka_error_t* rd_kafka_produceva(rd_kafka_t* rk, const rd_kafka_vu_t* vus, size_t cnt) {
  const auto real = [&] { return REAL(rd_kafka_produceva)(rk, vus, cnt); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_produceva", rk, target(vus, cnt)), real);
}

WATCHED rd_kafka_resp_err_t rd_kafka_producev(rd_kafka_t* rk, ...) {
  // A list of unknown length can't be handed on as it is; rd_kafka_produceva takes it as an array.
  std::array<rd_kafka_vu_t, 256> arguments{};
  size_t count = 0;
  va_list list;
  va_start(list, rk);
  for (int type = va_arg(list, int); type != RD_KAFKA_VTYPE_END && count < arguments.size();
       type = va_arg(list, int)) {
    arguments[count++] = next_argument(static_cast<rd_kafka_vtype_t>(type), list);
  }
  va_end(list);
  const auto real = [&] {
    rd_kafka_error_t* const error = REAL(rd_kafka_produceva)(rk, arguments.data(), count);
    const auto code = error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : REAL(rd_kafka_error_code)(error);
    if (error != nullptr) REAL(rd_kafka_error_destroy)(error);
    return code;
  };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_producev", rk, target(arguments.data(), count)), real);
}

WATCHED rd_kafka_resp_err_t rd_kafka_flush(rd_kafka_t* rk, int timeout_ms) {
  const auto real = [&] { return REAL(rd_kafka_flush)(rk, timeout_ms); };
  if (CALLED_BY_LIBRDKAFKA()) return real();
  return observed(Call("rd_kafka_flush", rk, {{"timeout_ms", timeout_ms}}), real);
}
