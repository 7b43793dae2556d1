// How each op's case becomes commands. Shape ops are strided copies, as on the TypeScript side.

#include <unordered_map>

#include "element.h"
#include "pool/probes.h"
#include "runner/cases.h"
#include "shapes.h"

namespace attune::runner {

namespace {

using Encode = std::function<void(Case&)>;
using Words = std::vector<double>;

double n(int64_t value) { return double(value); }

Words counted(const std::vector<int64_t>& values) {
  Words words{n(int64_t(values.size()))};
  for (const int64_t value : values) words.push_back(n(value));
  return words;
}

std::vector<int64_t> steps_of(const std::vector<int64_t>& shape) {
  std::vector<int64_t> steps(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) steps[i - 1] = steps[i] * shape[i];
  return steps;
}

/** Steps of x as seen from a larger shape: 0 along broadcast axes. */
std::vector<int64_t> broadcast_steps(const std::vector<int64_t>& from, const std::vector<int64_t>& to) {
  const std::vector<int64_t> own = steps_of(from);
  std::vector<int64_t> steps(to.size(), 0);
  for (size_t i = 0; i < from.size(); ++i)
    if (from[i] != 1) steps[to.size() - from.size() + i] = own[i];
  return steps;
}

double element_bytes(const Buffer& b) { return b.dtype == "u8" ? 1 : b.dtype == "bf16" ? 2 : 4; }
double type_of(const Buffer& b) { return number_of("dtype", b.dtype); }

void copy(Case& c, double x, double y, double bytes, const std::vector<int64_t>& dims, const std::vector<int64_t>& from, const std::vector<int64_t>& to) {
  c.run("copy", join({{x, y, bytes}, counted(dims), counted(from), counted(to)}));
}

void unary(Case& c, const std::string& kind) { c.run("unary", {c.x("x"), c.y("y"), n(c.in("x").size()), number_of("unary", kind)}); }

void binary(Case& c, const std::string& kind) {
  const auto& shape = c.out("y").shape;
  c.run("binary", join({{c.x("a"), c.x("b"), c.y("y"), number_of("binary", kind)}, counted(shape), counted(broadcast_steps(c.in("a").shape, shape)), counted(broadcast_steps(c.in("b").shape, shape))}));
}

void where(Case& c) {
  const auto& shape = c.out("y").shape;
  c.run("where", join({{c.x("condition"), c.x("a"), c.x("b"), c.y("y")}, counted(shape), counted(broadcast_steps(c.in("condition").shape, shape)), counted(broadcast_steps(c.in("a").shape, shape)),
                       counted(broadcast_steps(c.in("b").shape, shape))}));
}

void mask_fill(Case& c) {
  const auto& shape = c.in("x").shape;
  c.run("maskFill", join({{c.x("x"), c.x("mask"), c.y("y")}, counted(shape), counted(broadcast_steps(c.in("mask").shape, shape)), {c.attribute("value")}}));
}

void fill(Case& c) { c.run("fill", {c.y("y"), n(c.out("y").size()), number_of("dtype", c.out("y").dtype), c.attribute("value")}); }

/** outer, count, inner around an axis; all axes where none is given. */
Words around(Case& c) {
  const Buffer& x = c.in("x");
  if (!c.attributes().has("axis") || c.attributes().at("axis").kind == Json::Kind::null) return {1, n(x.size()), 1};
  int64_t axis = int64_t(c.attribute("axis"));
  if (axis < 0) axis += int64_t(x.shape.size());
  return {n(x.before(axis)), n(x.axis(axis)), n(x.behind(axis))};
}

void sum(Case& c) { c.run("sum", join({{c.x("x"), c.y("y")}, around(c)})); }

void mean(Case& c) {
  sum(c);
  c.run("affine", {c.y("y"), c.y("y"), n(c.out("y").size()), 1 / around(c)[1], 0});
}

Words rows_of(const Buffer& b) { return {n(b.axis(-1) ? b.size() / b.axis(-1) : 0), n(b.axis(-1))}; }
void row_op(Case& c, const std::string& op) { c.run(op, join({{c.x("x"), c.y("y")}, rows_of(c.in("x"))})); }

void slice(Case& c) {
  const Buffer& x = c.in("x");
  const auto axis = int64_t(c.attribute("axis"));
  const double start = c.x("x") + c.attribute("start") * n(x.behind(axis)) * element_bytes(x);
  copy(c, start, c.y("y"), element_bytes(x), c.out("y").shape, steps_of(x.shape), steps_of(c.out("y").shape));
}

void pad(Case& c) {
  const Buffer& x = c.in("x");
  Buffer& y = c.out("y");
  const auto axis = int64_t(c.attribute("axis"));
  c.run("fill", {c.y("y"), n(y.size()), number_of("dtype", y.dtype), 0});
  copy(c, c.x("x"), c.y("y") + c.attribute("before") * n(y.behind(axis)) * element_bytes(x), element_bytes(x), x.shape, steps_of(x.shape), steps_of(y.shape));
}

void concat(Case& c) {
  Buffer& y = c.out("y");
  const auto axis = int64_t(c.attribute("axis"));
  double at = c.y("y");
  for (const Buffer& x : c.list("xs")) {
    copy(c, c.address(x), at, element_bytes(x), x.shape, steps_of(x.shape), steps_of(y.shape));
    at += n(x.axis(axis) * y.behind(axis)) * element_bytes(x);
  }
}

void transpose(Case& c) {
  const std::vector<int64_t> own = steps_of(c.in("x").shape);
  std::vector<int64_t> from;
  for (const Json& axis : c.attributes().at("permutation").array) from.push_back(own[size_t(axis.number)]);
  copy(c, c.x("x"), c.y("y"), element_bytes(c.in("x")), c.out("y").shape, from, steps_of(c.out("y").shape));
}

void broadcast_to(Case& c) {
  const auto& shape = c.out("y").shape;
  copy(c, c.x("x"), c.y("y"), element_bytes(c.in("x")), shape, broadcast_steps(c.in("x").shape, shape), steps_of(shape));
}

void matmul(Case& c) {
  const Buffer &a = c.in("a"), &b = c.in("b"), &y = c.out("y");
  const bool trans_a = c.attribute("transA") != 0, trans_b = c.attribute("transB") != 0;
  const int64_t m = y.axis(-2), width = y.axis(-1), k = a.axis(trans_a ? -2 : -1);
  const int64_t batch = y.before(int64_t(y.shape.size()) - 2);
  c.run("matmul", {c.x("a"), c.x("b"), c.y("y"), n(batch), n(m), n(width), n(k), a.shape.size() > 2 ? n(m * k) : 0, b.shape.size() > 2 ? n(width * k) : 0, double(trans_a), double(trans_b), c.attribute("alpha", 1)});
}

/** A packed copy of a weight [rows width]. */
double packed(Case& c, const Buffer& weight, bool gradient, const std::string& type = "f32") {
  const int64_t columns = weight.axis(gradient ? 1 : 0), depth = weight.axis(gradient ? 0 : 1);
  const double number = number_of("dtype", type);
  Buffer& copy = c.temporary(packed_bytes(c.machine().set(), columns, depth, DType(int(number))), "u8");
  c.run("pack", {c.address(weight), c.address(copy), n(weight.axis(0)), n(weight.axis(1)), double(gradient), number});
  return c.address(copy);
}

/** What a product reads: a norm's normalised values where it gets them. */
const Buffer& operand(Case& c) { return c.in(c.has("normal") ? "normal" : "x"); }

/** lowScale · dropout(before(x)) · lowAᵀ · lowBᵀ, to be added before the activation. */
double low_rank(Case& c, int64_t t, int64_t k, int64_t columns) {
  if (!c.has("lowA")) return 0;
  Buffer& h = c.temporary(t * k);
  const Buffer& x = operand(c);
  for (int64_t i = 0; i < t * k; ++i) {
    const double scaled = c.has("gamma") ? x.get(i) * c.in("gamma").get(i % k) + c.in("beta").get(i % k) : x.get(i);
    reinterpret_cast<float*>(h.data.get())[i] = float(scaled);
  }
  if (c.word("before") != "none") c.run("unary", {c.address(h), c.address(h), n(t * k), number_of("unary", c.word("before"))});
  c.run("dropout", join({{c.address(h), c.address(h), n(t), n(k)}, c.random()}));
  const int64_t rank = c.in("lowA").axis(0);
  c.run("linear", {c.address(h), 0, 0, c.y("low"), 0, 0, n(t), n(k), n(rank), 0, 0, 0, 0, 1, packed(c, c.in("lowA"), false), 0, n(rank)});
  Buffer& addend = c.temporary(t * columns);
  c.run("matmul", {c.y("low"), c.x("lowB"), c.address(addend), 1, n(t), n(columns), n(rank), 0, 0, 0, 1, c.attribute("lowScale")});
  return c.address(addend);
}

void linear(Case& c) {
  const Buffer &x = operand(c), &y = c.out("y");
  const int64_t t = x.axis(0), k = x.axis(1), columns = y.axis(1);
  const double addend = low_rank(c, t, k, columns);
  Words words{c.address(x), c.x("gamma"), c.x("beta"), c.y("y"), c.y("pre"), addend, n(t), n(k), n(columns), type_of(x), type_of(y), number_of("activation", c.word("before")), number_of("activation", c.word("after")), n(int64_t(c.list("weight").size()))};
  for (size_t i = 0; i < c.list("weight").size(); ++i) {
    const Buffer& weight = c.list("weight")[i];
    words.insert(words.end(), {packed(c, weight, false, x.dtype), c.has("bias") ? c.address(c.list("bias")[i]) : 0, n(weight.axis(0))});
  }
  c.run("linear", words);
}

void linear_input_grad(Case& c) {
  const Buffer &dy = c.in("dy"), &dx = c.out("dx");
  const int64_t t = dy.axis(0), columns = dy.axis(1), k = dx.axis(1);
  const std::string type = c.attributes().has("operand") ? c.word("operand") : dy.dtype;
  Words words{c.x("dy"), c.y("dx"), c.x("x"), c.x("addend"), n(t), n(k), n(columns), number_of("dtype", type), type_of(dy), type_of(dx), number_of("activation", c.word("before")), n(int64_t(c.list("weight").size()))};
  for (const Buffer& weight : c.list("weight")) words.insert(words.end(), {packed(c, weight, true, type), n(weight.axis(0))});
  c.run("linearInputGrad", words);
}

void linear_weight_grad(Case& c) {
  const Buffer &x = operand(c), &dy = c.in("dy");
  const int64_t t = x.axis(0), k = x.axis(1), columns = dy.axis(1);
  const auto& parts = c.attributes().at("parts").array;
  Buffer& work = c.temporary(gradient_slices(t, columns, k) * columns * (k + 1));
  Words words{c.x("dy"), c.address(x), c.x("gamma"), c.x("beta"), c.address(work), n(t), n(k), n(columns), type_of(x), type_of(dy), number_of("activation", c.word("before")), n(int64_t(parts.size()))};
  for (const Json& part : parts) {
    const auto weight = int64_t(part.at("weight").number), bias = int64_t(part.at("bias").number);
    words.insert(words.end(), {weight < 0 ? 0 : c.address(c.list("dWeight")[size_t(weight)]), bias < 0 ? 0 : c.address(c.list("dBias")[size_t(bias)]), part.at("row").number, part.at("rows").number,
                               weight < 0 ? 0 : c.attributes().at("accumulateWeight").array[size_t(weight)].number, bias < 0 ? 0 : c.attributes().at("accumulateBias").array[size_t(bias)].number});
  }
  c.run("linearWeightGrad", words);
}

double norm_work(Case& c, const Buffer& x) { return c.address(c.temporary(norm_blocks(x.size() / std::max<int64_t>(1, x.axis(-1))) * 2 * x.axis(-1))); }

void cross_entropy(Case& c, bool gradient) {
  const double soft = c.in("targets").dtype == "f32";
  const Words sizes = join({rows_of(c.in("logits")), {soft, c.attribute("ignoreIndex", -100), c.attribute("smoothing")}});
  if (gradient) c.run("crossEntropyGrad", join({{c.x("logits"), c.x("targets"), c.x("lse"), c.x("dLoss"), c.y("dLogits")}, sizes}));
  else c.run("crossEntropy", join({{c.x("logits"), c.x("targets"), c.y("loss"), c.y("lse")}, sizes}));
}

void sum_embeddings(Case& c) {
  Words words{c.y("y"), n(c.out("y").axis(0)), n(c.out("y").axis(1)), n(int64_t(c.list("tables").size()))};
  for (size_t i = 0; i < c.list("tables").size(); ++i) words.insert(words.end(), {c.address(c.list("tables")[i]), c.address(c.list("ids")[i]), n(c.list("tables")[i].axis(0))});
  c.run("sumEmbeddings", words);
}

void gated(Case& c, bool gradient) {
  const Buffer& x = c.in("x");
  const Words sizes{n(x.axis(-1) ? x.size() / x.axis(-1) : 0), n(x.axis(-1) / 2), number_of("activation", c.word("activation")), double(c.word("activated") == "second")};
  if (gradient) c.run("gatedGrad", join({{c.x("x"), c.x("dy"), c.y("dx")}, sizes}));
  else c.run("gated", join({{c.x("x"), c.y("y")}, sizes}));
}

void attention(Case& c, bool gradient) {
  const Words sizes = join({{type_of(c.in("qkv")), n(c.in("qkv").axis(0)), n(c.in("cuSeqlens").size() - 1), c.attribute("heads"), c.attribute("kvHeads"), c.attribute("headDim"), c.attribute("windowLeft"), c.attribute("windowRight"), c.has("bias") ? n(c.in("bias").axis(-1)) : 0, c.attribute("scale")},
                            c.random()});
  if (gradient) c.run("attentionGrad", join({{c.x("qkv"), c.x("cuSeqlens"), c.x("bias"), c.x("y"), c.x("lse"), c.x("dy"), c.y("dqkv"), c.y("dBias")}, sizes}));
  else c.run("attention", join({{c.x("qkv"), c.x("cuSeqlens"), c.x("bias"), c.y("y"), c.y("lse")}, sizes}));
}

void segment(Case& c, const std::string& op, bool expand) {
  Words words{c.x("x"), c.x("offsets"), c.y("y"), n(c.in("offsets").size() - 1), n(c.in("x").behind(0)), number_of("norm", c.word("norm")), expand ? c.attribute("rows") : n(c.in("x").axis(0))};
  c.run(op, words);
}

void sum_of_squares(Case& c) {
  Words words{c.y("y"), n(int64_t(c.list("xs").size()))};
  for (const Buffer& x : c.list("xs")) words.insert(words.end(), {c.address(x), n(x.size())});
  c.run("sumOfSquares", words);
}

std::unordered_map<std::string, Encode> encoders() {
  std::unordered_map<std::string, Encode> all;
  for (const char* kind : {"neg", "abs", "square", "sqrt", "reciprocal", "exp", "log", "erf", "tanh", "sigmoid", "relu", "gelu", "geluTanh", "silu", "softplus", "logSigmoid", "log1pRelu"})
    all[kind] = [kind](Case& c) { unary(c, kind); };
  for (const char* kind : {"add", "sub", "mul", "div", "maximum", "minimum", "greater", "less", "equal"}) all[kind] = [kind](Case& c) { binary(c, kind); };
  for (const char* op : {"cumsum", "softmax", "logSoftmax", "logsumexp"}) all[op] = [op](Case& c) { row_op(c, op); };
  all["where"] = where, all["maskFill"] = mask_fill, all["fill"] = fill, all["sum"] = sum, all["mean"] = mean;
  all["slice"] = slice, all["pad"] = pad, all["concat"] = concat, all["transpose"] = transpose, all["broadcastTo"] = broadcast_to;
  all["matmul"] = matmul, all["linear"] = linear, all["linearInputGrad"] = linear_input_grad, all["linearWeightGrad"] = linear_weight_grad;
  all["sumEmbeddings"] = sum_embeddings, all["sumOfSquares"] = sum_of_squares;
  all["crossEntropy"] = [](Case& c) { cross_entropy(c, false); };
  all["crossEntropyGrad"] = [](Case& c) { cross_entropy(c, true); };
  all["gated"] = [](Case& c) { gated(c, false); };
  all["gatedGrad"] = [](Case& c) { gated(c, true); };
  all["attention"] = [](Case& c) { attention(c, false); };
  all["attentionGrad"] = [](Case& c) { attention(c, true); };
  all["segmentSum"] = [](Case& c) { segment(c, "segmentSum", false); };
  all["segmentExpand"] = [](Case& c) { segment(c, "segmentExpand", true); };
  all["reshape"] = [](Case& c) { copy(c, c.x("x"), c.y("y"), element_bytes(c.in("x")), {c.in("x").size()}, {1}, {1}); };
  all["fillInto"] = [](Case& c) { c.run("fill", {c.x("destination"), n(c.in("destination").size()), number_of("dtype", c.in("destination").dtype), c.attribute("value")}); };
  all["affine"] = [](Case& c) { c.run("affine", {c.x("x"), c.y("y"), n(c.in("x").size()), c.attribute("scale"), c.attribute("shift")}); };
  all["activationGrad"] = [](Case& c) { c.run("activationGrad", {c.x("x"), c.x("dy"), c.y("dx"), n(c.in("x").size()), number_of("activation", c.word("activation"))}); };
  all["cast"] = [](Case& c) { c.run("cast", {c.x("x"), c.y("y"), n(c.in("x").size()), number_of("dtype", c.in("x").dtype), number_of("dtype", c.out("y").dtype)}); };
  all["dropout"] = [](Case& c) { c.run("dropout", join({{c.x("x"), c.y("y")}, rows_of(c.in("x")), c.random()})); };
  all["addInto"] = [](Case& c) { c.run("addInto", {c.x("x"), c.x("destination"), n(c.in("x").size()), c.attribute("accumulate"), type_of(c.in("x"))}); };
  all["max"] = [](Case& c) { c.run("max", join({{c.x("x"), c.y("y"), c.y("index")}, around(c)})); };
  all["gather"] = [](Case& c) { c.run("gather", {c.x("x"), c.x("index"), c.y("y"), n(c.in("index").size()), n(c.in("x").axis(0)), n(c.in("x").behind(0)) * element_bytes(c.in("x"))}); };
  all["scatterAdd"] = [](Case& c) { c.run("scatterAdd", {c.x("x"), c.x("index"), c.y("y"), n(c.in("index").size()), c.attribute("rows"), n(c.in("x").behind(0)), 0}); };
  all["gatherLast"] = [](Case& c) { c.run("gatherLast", join({{c.x("x"), c.x("index"), c.y("y")}, rows_of(c.in("x")), {n(c.in("index").axis(-1)), element_bytes(c.in("x"))}})); };
  all["scatterLast"] = [](Case& c) { c.run("scatterLast", join({{c.x("x"), c.x("index"), c.y("y")}, rows_of(c.in("x")), {c.attribute("width")}})); };
  all["topk"] = [](Case& c) { c.run("topk", join({{c.x("x"), c.y("values"), c.y("index")}, rows_of(c.in("x")), {c.attribute("k")}})); };
  all["softmaxGrad"] = [](Case& c) { c.run("softmaxGrad", join({{c.x("y"), c.x("dy"), c.y("dx")}, rows_of(c.in("y"))})); };
  all["layerNorm"] = [](Case& c) {
    c.run("layerNorm", join({{c.x("x"), c.x("weight"), c.x("bias"), c.y("y"), c.y("normal"), c.y("rstd")}, rows_of(c.in("x")), {type_of(c.in("x")), type_of(c.out("normal")), c.attribute("eps")}}));
  };
  all["layerNormGrad"] = [](Case& c) {
    const Buffer& normal = c.in("normal");
    c.run("layerNormGrad", join({{c.x("normal"), c.x("weight"), c.x("rstd"), c.x("dy"), c.y("dx"), c.y("dWeight"), c.y("dBias"), norm_work(c, normal)}, rows_of(normal), {type_of(c.out("dx")), type_of(normal)}}));
  };
  all["rmsNorm"] = [](Case& c) { c.run("rmsNorm", join({{c.x("x"), c.x("weight"), c.y("y"), c.y("inverse")}, rows_of(c.in("x")), {c.attribute("eps")}})); };
  all["rmsNormGrad"] = [](Case& c) { c.run("rmsNormGrad", join({{c.x("x"), c.x("weight"), c.x("inverse"), c.x("dy"), c.y("dx"), c.y("dWeight"), norm_work(c, c.in("x"))}, rows_of(c.in("x"))})); };
  all["addLayerNorm"] = [](Case& c) {
    const Words words{c.x("x"), c.x("residual"), c.x("weight"), c.x("bias"), c.y("y"), c.y("normal"), c.y("rstd")};
    c.run("addLayerNorm", join({words, rows_of(c.in("x")), {type_of(c.in("x")), type_of(c.out("normal")), c.attribute("eps")}, c.random()}));
  };
  all["addLayerNormGrad"] = [](Case& c) {
    const Buffer& normal = c.in("normal");
    const Words words{c.x("normal"), c.x("weight"), c.x("rstd"), c.x("dy"), c.y("dx"), c.y("dResidual"), c.y("dWeight"), c.y("dBias"), norm_work(c, normal)};
    c.run("addLayerNormGrad", join({words, rows_of(normal), {type_of(c.out("dx")), type_of(normal)}, c.random()}));
  };
  all["l2Normalize"] = [](Case& c) { c.run("l2Normalize", join({{c.x("x"), c.y("y"), c.y("norm")}, rows_of(c.in("x")), {c.attribute("eps")}})); };
  all["l2NormalizeGrad"] = [](Case& c) { c.run("l2NormalizeGrad", join({{c.x("y"), c.x("norm"), c.x("dy"), c.y("dx")}, rows_of(c.in("y")), {c.attribute("eps")}})); };
  all["embeddingGrad"] = [](Case& c) { c.run("embeddingGrad", {c.x("ids"), c.x("dy"), c.x("dTable"), n(c.in("ids").size()), n(c.in("dTable").axis(1)), n(c.in("dTable").axis(0)), c.attribute("accumulate")}); };
  all["rotary"] = [](Case& c) {
    c.run("rotary", {c.x("x"), c.x("positions"), c.x("frequencies"), c.y("y"), n(c.in("x").axis(0)), n(c.in("x").axis(1)), c.attribute("heads"), c.attribute("headDim"), c.attribute("inverse"), c.attribute("scale", 1)});
  };
  all["segmentMax"] = [](Case& c) { c.run("segmentMax", {c.x("x"), c.x("offsets"), c.y("y"), c.y("index"), n(c.in("offsets").size() - 1), n(c.in("x").axis(1)), n(c.in("x").axis(0))}); };
  all["segmentMaxGrad"] = [](Case& c) { c.run("segmentMaxGrad", {c.x("dy"), c.x("index"), c.y("dx"), n(c.in("dy").axis(0)), n(c.in("dy").axis(1)), c.attribute("rows")}); };
  all["segmentLogsumexp"] = [](Case& c) { c.run("segmentLogsumexp", {c.x("x"), c.x("offsets"), c.y("y"), n(c.in("offsets").size() - 1), n(c.in("x").size())}); };
  all["updateControl"] = [](Case& c) { c.run("updateControl", {c.x("squares"), c.x("applied"), c.y("control"), c.attribute("maxNorm"), c.attribute("gradientScale", 1)}); };
  all["adamw"] = [](Case& c) {
    c.run("adamw", {c.x("parameter"), c.x("gradient"), c.x("m"), c.x("v"), c.x("control"), n(c.in("parameter").size()), c.attribute("learningRate"), c.attribute("beta1"), c.attribute("beta2"), c.attribute("eps"), c.attribute("weightDecay")});
  };
  return all;
}

}  // namespace

bool run_op(const std::string& op, Case& c) {
  static const auto* all = new std::unordered_map<std::string, Encode>(encoders());
  const auto found = all->find(op);
  if (found == all->end()) return false;
  found->second(c);
  return true;
}

}  // namespace attune::runner
