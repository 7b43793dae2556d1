#include "runner/cases.h"

#include <cmath>
#include <cstring>
#include <sstream>
#include <stdexcept>

#include "element.h"
#include "queue/commands.h"

namespace attune::runner {

namespace {

size_t bytes_of(const std::string& dtype) { return dtype == "u8" ? 1 : dtype == "bf16" ? 2 : 4; }

bool close(double got, double wanted, double absolute, double relative) {
  if (std::isnan(wanted)) return std::isnan(got);
  if (std::isinf(wanted)) return got == wanted;
  return std::abs(got - wanted) <= absolute + relative * std::abs(wanted);
}

}  // namespace

int64_t Buffer::size() const {
  int64_t size = 1;
  for (const int64_t axis : shape) size *= axis;
  return size;
}

int64_t Buffer::before(int64_t axis) const {
  int64_t size = 1;
  for (int64_t i = 0; i < axis; ++i) size *= shape[size_t(i)];
  return size;
}

int64_t Buffer::behind(int64_t axis) const {
  int64_t size = 1;
  for (size_t i = size_t(axis) + 1; i < shape.size(); ++i) size *= shape[i];
  return size;
}

double Buffer::get(int64_t i) const {
  if (dtype == "u8") return double(reinterpret_cast<const uint8_t*>(data.get())[i]);
  if (dtype == "i32") return double(reinterpret_cast<const int32_t*>(data.get())[i]);
  if (dtype == "bf16") return double(widen(reinterpret_cast<const Bf16*>(data.get())[i]));
  return double(reinterpret_cast<const float*>(data.get())[i]);
}

Buffer make_buffer(const std::string& dtype, std::vector<int64_t> shape) {
  Buffer buffer{dtype, std::move(shape), nullptr};
  const size_t bytes = size_t(buffer.size()) * bytes_of(dtype);
  buffer.data = std::make_unique<std::byte[]>(bytes);
  std::memset(buffer.data.get(), 0xff, bytes);  // NaN: whatever a kernel leaves unwritten shows
  return buffer;
}

Buffer read_buffer(const Json& json) {
  std::vector<int64_t> shape;
  for (const Json& axis : json.at("shape").array) shape.push_back(int64_t(axis.number));
  Buffer buffer = make_buffer(json.at("dtype").string, std::move(shape));
  int64_t i = 0;
  for (const Json& element : json.at("data").array) {
    const double value = element.value();
    if (buffer.dtype == "u8") reinterpret_cast<uint8_t*>(buffer.data.get())[i++] = uint8_t(value);
    else if (buffer.dtype == "bf16") reinterpret_cast<Bf16*>(buffer.data.get())[i++] = to_bf16(float(value));
    else if (buffer.dtype == "i32") reinterpret_cast<int32_t*>(buffer.data.get())[i++] = int32_t(value);
    else reinterpret_cast<float*>(buffer.data.get())[i++] = float(value);
  }
  return buffer;
}

void Machine::run(const std::string& command, const std::vector<double>& arguments) {
  std::vector<double> words{double(command_number(command.c_str())), double(arguments.size() + 3), 0};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const Kernel kernel = set_.kernel(command.c_str());
  if (!kernel) throw std::runtime_error("no kernel " + command);
  // A copy of exactly the words: reading beyond them is a fault that a sanitizer sees.
  const auto exact = std::make_unique<double[]>(words.size());
  std::copy(words.begin(), words.end(), exact.get());
  Call call(exact.get(), pool_, scratch_, failure_);
  flush_denormals(true);
  kernel(call);
  flush_denormals(false);
}

Case::Case(Machine& machine, const Json& json) : machine_(machine), json_(json), attributes_(json.at("attributes")) {
  for (const auto& [name, value] : json.at("inputs").object) {
    if (value.kind == Json::Kind::null) continue;
    std::vector<Buffer>& buffers = inputs_[name];
    if (value.kind == Json::Kind::array)
      for (const Json& element : value.array) buffers.push_back(read_buffer(element));
    else
      buffers.push_back(read_buffer(value));
  }
}

Buffer& Case::out(const std::string& name) {
  const auto found = outputs_.find(name);
  if (found != outputs_.end()) return found->second;
  const Json& expected = json_.at("outputs").at(name);
  std::vector<int64_t> shape;
  for (const Json& axis : expected.at("shape").array) shape.push_back(int64_t(axis.number));
  return outputs_.emplace(name, make_buffer(expected.at("dtype").string, std::move(shape))).first->second;
}

double Case::x(const std::string& input) { return has(input) ? address(in(input)) : 0; }
double Case::y(const std::string& output) { return json_.at("outputs").has(output) ? address(out(output)) : 0; }

Buffer& Case::temporary(int64_t count, const std::string& dtype) { return temporaries_.emplace_back(make_buffer(dtype, {count})); }

std::vector<double> Case::random() const {
  if (!attributes_.has("random") || attributes_.at("random").kind != Json::Kind::object) return {0, 0, 0, 0, 0};
  const Json& r = attributes_.at("random");
  return {r.get("p", 0), r.get("seed", 0), r.get("step", 0), r.get("site", 0), r.get("row", 0)};
}

std::string Case::compare(const std::string& name, size_t index, const Buffer& got, const Json& expected) const {
  double absolute = 1e-6, relative = 1e-5;
  if (json_.has("tolerance")) absolute = json_.at("tolerance").get("absolute", absolute), relative = json_.at("tolerance").get("relative", relative);
  const Buffer wanted = read_buffer(expected);
  for (int64_t i = 0; i < wanted.size(); ++i)
    if (!close(got.get(i), wanted.get(i), absolute, relative)) {
      std::ostringstream text;
      text.precision(9);
      text << name << "[" << index << "] element " << i << ": expected " << wanted.get(i) << ", got " << got.get(i);
      return text.str();
    }
  return "";
}

std::string Case::check(const std::string& op) {
  machine_.clear_failure();
  if (!run_op(op, *this)) return "the runner has no encoder for this op";
  if (machine_.failure().code != FailureCode::none) return "the kernel reported a failure";
  for (const auto& [name, expected] : json_.at("outputs").object) {
    const bool listed = expected.kind == Json::Kind::array;
    const size_t count = listed ? expected.array.size() : 1;
    for (size_t i = 0; i < count; ++i) {
      const Buffer& got = has(name) ? list(name)[i] : out(name);
      const std::string wrong = compare(name, i, got, listed ? expected.array[i] : expected);
      if (!wrong.empty()) return wrong;
    }
  }
  return "";
}

double number_of(const std::string& list, const std::string& word) {
  std::istringstream lines(command_list());
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("enum " + list + ":", 0) != 0) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    std::string one;
    for (double i = 0; words >> one; ++i)
      if (one == word) return i;
  }
  throw std::runtime_error("no " + list + " " + word);
}

std::vector<double> join(std::vector<std::vector<double>> lists) {
  std::vector<double> all;
  for (const auto& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

}  // namespace attune::runner
