#include "runner/json.h"

#include <cctype>
#include <cstdlib>
#include <limits>
#include <stdexcept>

namespace attune::runner {

namespace {

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  Json value() {
    skip_space();
    Json json;
    switch (peek()) {
      case '{': return object();
      case '[': return array();
      case '"': json.kind = Json::Kind::string, json.string = string(); return json;
      case 't': return literal("true", Json::Kind::boolean, 1);
      case 'f': return literal("false", Json::Kind::boolean, 0);
      case 'n': return literal("null", Json::Kind::null, 0);
      default: return number();
    }
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : 0; }
  void skip_space() {
    while (std::isspace(static_cast<unsigned char>(peek()))) ++at_;
  }
  void expect(char c) {
    skip_space();
    if (peek() != c) throw std::runtime_error("JSON: expected '" + std::string(1, c) + "' at " + std::to_string(at_));
    ++at_;
  }
  bool take(char c) {
    skip_space();
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  Json literal(const std::string& word, Json::Kind kind, double number) {
    if (text_.compare(at_, word.size(), word) != 0) throw std::runtime_error("JSON: unknown word at " + std::to_string(at_));
    at_ += word.size();
    Json json;
    json.kind = kind, json.number = number;
    return json;
  }

  Json number() {
    char* end = nullptr;
    Json json;
    json.kind = Json::Kind::number, json.number = std::strtod(text_.c_str() + at_, &end);
    if (end == text_.c_str() + at_) throw std::runtime_error("JSON: no value at " + std::to_string(at_));
    at_ = size_t(end - text_.c_str());
    return json;
  }

  std::string string() {
    expect('"');
    std::string out;
    while (peek() != '"') {
      if (!peek()) throw std::runtime_error("JSON: string without end");
      if (peek() == '\\') ++at_;
      out += text_[at_++];
    }
    ++at_;
    return out;
  }

  Json array() {
    Json json;
    json.kind = Json::Kind::array;
    expect('[');
    if (take(']')) return json;
    do json.array.push_back(value());
    while (take(','));
    expect(']');
    return json;
  }

  Json object() {
    Json json;
    json.kind = Json::Kind::object;
    expect('{');
    if (take('}')) return json;
    do {
      skip_space();
      std::string key = string();
      expect(':');
      json.object.emplace(std::move(key), value());
    } while (take(','));
    expect('}');
    return json;
  }

  const std::string& text_;
  size_t at_ = 0;
};

}  // namespace

double Json::value() const {
  if (kind != Kind::string) return number;
  if (string == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return string == "-Infinity" ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
}

Json parse_json(const std::string& text) { return Parser(text).value(); }

}  // namespace attune::runner
