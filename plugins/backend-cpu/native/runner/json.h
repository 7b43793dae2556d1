// A JSON reader for op cases: values in memory, numbers as double, "NaN" and the infinities written as strings. Throws on malformed text.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace attune::runner {

struct Json {
  enum class Kind { null, boolean, number, string, array, object } kind = Kind::null;
  double number = 0;  // also 0 or 1 of a boolean
  std::string string;
  std::vector<Json> array;
  std::map<std::string, Json> object;

  bool has(const std::string& key) const { return object.count(key) > 0; }
  const Json& at(const std::string& key) const { return object.at(key); }
  double get(const std::string& key, double fallback) const { return has(key) ? at(key).value() : fallback; }
  /** A number, or one of the strings NaN, Infinity, -Infinity. */
  double value() const;
};

Json parse_json(const std::string& text);

}  // namespace attune::runner
