// The addon: what JavaScript sees of the queue, the memory and the machine. Node-API 8 alone, state per instance, no static destructors:
// threads are joined in the environment's clean-up hook and nowhere else but close(), and nothing calls into Node-API once stopping.
// Refuses: knowing shapes, allocating tensors, waiting.

#include <napi.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "isa/dispatch.h"
#include "pool/memory.h"
#include "pool/probes.h"
#include "queue/commands.h"
#include "queue/queue.h"

namespace attune {

namespace {

const char* code_name(FailureCode code) {
  switch (code) {
    case FailureCode::none: return "";
    case FailureCode::tokenId: return "E_TOKEN_ID";
    case FailureCode::target: return "E_TARGET";
    case FailureCode::index: return "E_INDEX";
    case FailureCode::native: return "E_NATIVE";
  }
  return "E_NATIVE";
}

Napi::Value failure_object(Napi::Env env, const Failure& failure) {
  if (failure.code == FailureCode::none) return env.Null();
  Napi::Object object = Napi::Object::New(env);
  object["code"] = code_name(failure.code);
  object["seq"] = double(failure.seq);
  object["detail"] = failure.detail;
  return object;
}

double address_of(const void* pointer) { return double(uintptr_t(pointer)); }
void* pointer_of(const Napi::Value& value) { return reinterpret_cast<void*>(uintptr_t(value.As<Napi::Number>().DoubleValue())); }
size_t size_of(const Napi::Value& value) { return size_t(value.As<Napi::Number>().DoubleValue()); }

}  // namespace

/** One backend instance: a queue, its fences, its chunks. */
class Instance : public Napi::ObjectWrap<Instance> {
 public:
  static Napi::Function Class(Napi::Env env) {
    return DefineClass(env, "Instance",
                       {InstanceMethod<&Instance::Submit>("submit"), InstanceMethod<&Instance::Fence>("fence"), InstanceMethod<&Instance::Read>("read"),
                        InstanceMethod<&Instance::Map>("map"), InstanceMethod<&Instance::Unmap>("unmap"), InstanceMethod<&Instance::Stage>("stage"),
                        InstanceMethod<&Instance::LastError>("lastError"), InstanceMethod<&Instance::BusyNanoseconds>("busyNanoseconds"),
                        InstanceMethod<&Instance::Profile>("profile"), InstanceMethod<&Instance::Trace>("trace"),
                        InstanceMethod<&Instance::PeakFlops>("peakFlops"), InstanceMethod<&Instance::StreamBytes>("streamBytes"),
                        InstanceMethod<&Instance::Close>("close"), InstanceAccessor<&Instance::Threads>("threads")});
  }

  /** new Instance(idle?: Int32Array): element 0 is 1 while the queue is empty. */
  explicit Instance(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Instance>(info), env_(info.Env()) {
    napi_value name = Napi::String::New(env_, "attune fences");
    napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, &Instance::Settle, &settle_);
    napi_unref_threadsafe_function(env_, settle_);
    try {
      pool_ = Pool::acquire();
      queue_ = std::make_unique<Queue>(*chosen_set().set, pool_, &Instance::Answered, this);
    } catch (const std::exception& error) {
      napi_release_threadsafe_function(settle_, napi_tsfn_abort);
      throw Napi::Error::New(env_, std::string("the system grants no thread or no memory to work with: ") + error.what());
    }
    // Registered after the function above: hooks run last in, first out, so the threads end while it is still there.
    napi_add_env_cleanup_hook(env_, &Instance::CleanUp, this);
    if (info.Length() > 0 && info[0].IsTypedArray()) {
      idle_ = Napi::Persistent(info[0].As<Napi::Int32Array>());
      queue_->set_idle_flag(idle_.Value().Data());
    }
  }

  ~Instance() override {
    if (ended_) return;  // by close(), or with the environment, which ends the function itself
    napi_remove_env_cleanup_hook(env_, &Instance::CleanUp, this);
    End();
    napi_release_threadsafe_function(settle_, napi_tsfn_abort);
  }

 private:
  struct Pending {
    Napi::Promise::Deferred deferred;
    bool wants_bytes;
  };

  static void CleanUp(void* self) { static_cast<Instance*>(self)->End(); }

  /** Joins the queue's thread, then gives the memory back. */
  void End() {
    if (ended_) return;
    ended_ = true;
    queue_.reset();
    pool_.reset();
    for (const auto& [start, bytes] : chunks_) unmap_chunk(start, bytes);
    chunks_.clear();
    const std::lock_guard lock(mutex_);
    for (const Completion& done : completions_) std::free(done.bytes);
    completions_.clear();
  }

  // On the queue's thread.
  static void Answered(void* self, Completion completion) {
    auto* instance = static_cast<Instance*>(self);
    {
      const std::lock_guard lock(instance->mutex_);
      instance->completions_.push_back(completion);
    }
    napi_call_threadsafe_function(instance->settle_, nullptr, napi_tsfn_nonblocking);
  }

  // On the JavaScript thread.
  static void Settle(napi_env env, napi_value, void* self, void*) {
    if (!env) return;
    auto* instance = static_cast<Instance*>(self);
    const Napi::HandleScope scope(env);
    std::vector<Completion> completions;
    {
      const std::lock_guard lock(instance->mutex_);
      completions.swap(instance->completions_);
    }
    for (const Completion& done : completions) instance->SettleOne(done);
  }

  void SettleOne(const Completion& done) {
    const Napi::Env env(env_);
    const auto found = pending_.find(done.fence);
    if (found == pending_.end()) return std::free(done.bytes);
    const Pending pending = found->second;
    pending_.erase(found);
    Release();
    try {
      pending.deferred.Resolve(ResultOf(env, done, pending.wants_bytes));
    } catch (const Napi::Error& error) {  // no memory for a buffer of that size
      pending.deferred.Reject(error.Value());
    }
    std::free(done.bytes);
  }

  static Napi::Value ResultOf(Napi::Env env, const Completion& done, bool wants_bytes) {
    Napi::Value failure = failure_object(env, done.failure);
    if (!wants_bytes) return failure;
    Napi::Object object = Napi::Object::New(env);
    Napi::ArrayBuffer bytes = Napi::ArrayBuffer::New(env, done.size);
    if (done.size) std::memcpy(bytes.Data(), done.bytes, done.size);
    object["failure"] = failure;
    object["bytes"] = bytes;
    return object;
  }

  /** A promise keeps the program and this object alive until it is settled. */
  Napi::Value Enqueue(Napi::Env env, const void* source, size_t bytes, bool wants_bytes) {
    if (ended_) throw Napi::Error::New(env, "the backend is closed");
    const uint64_t id = ++fences_;
    const Pending pending{Napi::Promise::Deferred::New(env), wants_bytes};
    if (pending_.empty()) napi_ref_threadsafe_function(env_, settle_);
    Ref();
    pending_.emplace(id, pending);
    queue_->fence(id, source, bytes);
    return pending.deferred.Promise();
  }

  void Release() {
    Unref();
    if (pending_.empty()) napi_unref_threadsafe_function(env_, settle_);
  }

  /** submit(words: Float64Array, count): whole commands; copied. */
  void Submit(const Napi::CallbackInfo& info) {
    if (ended_) throw Napi::Error::New(info.Env(), "the backend is closed");
    const auto words = info[0].As<Napi::Float64Array>();
    queue_->submit(words.Data(), std::min(words.ElementLength(), size_of(info[1])));
  }

  /** fence(): Promise of null or {code, seq, detail}. */
  Napi::Value Fence(const Napi::CallbackInfo& info) { return Enqueue(info.Env(), nullptr, 0, false); }

  /** read(address, bytes): Promise of {failure, bytes: ArrayBuffer}. */
  Napi::Value Read(const Napi::CallbackInfo& info) { return Enqueue(info.Env(), pointer_of(info[0]), size_of(info[1]), true); }

  /** map(bytes): address of a new chunk; 0 when the system has not enough. */
  Napi::Value Map(const Napi::CallbackInfo& info) {
    const size_t bytes = size_of(info[0]);
    void* start = ended_ ? nullptr : map_chunk(bytes);
    if (start) chunks_.emplace(start, bytes);
    return Napi::Number::New(info.Env(), address_of(start));
  }

  /** unmap(address): only after a fence behind the last command that uses the chunk. */
  void Unmap(const Napi::CallbackInfo& info) {
    const auto found = chunks_.find(pointer_of(info[0]));
    if (found == chunks_.end()) return;
    unmap_chunk(found->first, found->second);
    chunks_.erase(found);
  }

  /** stage(bytes: Uint8Array): address of a copy, which the `write` command frees. */
  Napi::Value Stage(const Napi::CallbackInfo& info) {
    const auto bytes = info[0].As<Napi::Uint8Array>();
    void* copy = take_passing(bytes.ByteLength());
    if (copy) std::memcpy(copy, bytes.Data(), bytes.ByteLength());
    return Napi::Number::New(info.Env(), address_of(copy));
  }

  Napi::Value LastError(const Napi::CallbackInfo& info) { return ended_ ? info.Env().Null() : failure_object(info.Env(), queue_->failure()); }
  Napi::Value BusyNanoseconds(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), ended_ ? 0 : double(queue_->busy_nanoseconds())); }

  /** profile(): for each command that ran, {command, calls, nanoseconds}. */
  Napi::Value Profile(const Napi::CallbackInfo& info) {
    Napi::Array rows = Napi::Array::New(info.Env());
    if (ended_) return rows;
    const std::vector<std::string>& names = command_names();
    for (size_t op = 0; op < names.size(); ++op) {
      const Queue::Spent& spent = queue_->spent()[op];
      if (spent.calls == 0) continue;
      Napi::Object row = Napi::Object::New(info.Env());
      row["command"] = names[op], row["calls"] = double(spent.calls), row["nanoseconds"] = double(spent.nanoseconds);
      rows[rows.Length()] = row;
    }
    return rows;
  }

  /** trace(on): Float64Array of [seq, op, start, nanoseconds] for each command that ran since the last call, if it was on then. */
  Napi::Value Trace(const Napi::CallbackInfo& info) {
    if (ended_) return Napi::Float64Array::New(info.Env(), 0);
    queue_->trace(info[0].ToBoolean());
    const std::vector<Queue::Ran> ran = queue_->take_trace();
    Napi::Float64Array words = Napi::Float64Array::New(info.Env(), 4 * ran.size());
    for (size_t i = 0; i < ran.size(); ++i) words[4 * i] = double(ran[i].seq), words[4 * i + 1] = double(ran[i].op), words[4 * i + 2] = double(ran[i].start), words[4 * i + 3] = double(ran[i].nanoseconds);
    return words;
  }

  Napi::Value PeakFlops(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), ended_ ? 0 : peak_flops(*chosen_set().set, *pool_, 12)); }
  Napi::Value StreamBytes(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), ended_ ? 0 : stream_bytes(*pool_, 12)); }
  Napi::Value Threads(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), ended_ ? 0 : pool_->size()); }

  /** close(): ends after the command in flight; pending promises get E_CLOSED. */
  void Close(const Napi::CallbackInfo& info) {
    if (ended_) return;
    napi_remove_env_cleanup_hook(env_, &Instance::CleanUp, this);
    End();
    Napi::Object closed = Napi::Object::New(info.Env());
    closed["code"] = "E_CLOSED", closed["seq"] = 0.0, closed["detail"] = 0.0;
    auto pending = std::move(pending_);
    pending_.clear();
    for (const auto& [id, promise] : pending) {
      Napi::Value result = closed;
      if (promise.wants_bytes) {
        Napi::Object object = Napi::Object::New(info.Env());
        object["failure"] = closed, object["bytes"] = Napi::ArrayBuffer::New(info.Env(), 0);
        result = object;
      }
      Release();
      promise.deferred.Resolve(result);
    }
    napi_release_threadsafe_function(settle_, napi_tsfn_abort);
  }

  napi_env env_;
  std::shared_ptr<Pool> pool_;
  std::unique_ptr<Queue> queue_;
  napi_threadsafe_function settle_ = nullptr;
  Napi::Reference<Napi::Int32Array> idle_;
  std::unordered_map<uint64_t, Pending> pending_;
  std::unordered_map<void*, size_t> chunks_;
  uint64_t fences_ = 0;
  bool ended_ = false;
  std::mutex mutex_;
  std::vector<Completion> completions_;
};

namespace {

Napi::Value InstructionSets(const Napi::CallbackInfo& info) {
  const Choice& choice = chosen_set();
  Napi::Object object = Napi::Object::New(info.Env());
  Napi::Array available = Napi::Array::New(info.Env()), absent = Napi::Array::New(info.Env());
  for (uint32_t i = 0; i < choice.available.size(); ++i) available[i] = choice.available[i]->name;
  for (uint32_t i = 0; i < choice.absent.size(); ++i) absent[i] = choice.absent[i];
  object["name"] = choice.set->name;
  object["reason"] = choice.reason;
  object["available"] = available;
  object["absent"] = absent;
  object["nativeBf16"] = choice.set->nativeBf16;
  return object;
}

Napi::Value Memory(const Napi::CallbackInfo& info) {
  const MemoryLimits limits = memory_limits();
  Napi::Object object = Napi::Object::New(info.Env());
  object["limit"] = limits.limit;
  object["used"] = limits.used;
  object["available"] = limits.available;
  return object;
}

int64_t integer(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Int64Value(); }

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports["Instance"] = Instance::Class(env);
  exports["commands"] = command_list();
  exports["instructionSet"] = Napi::Function::New(env, InstructionSets);
  exports["memory"] = Napi::Function::New(env, Memory);
  exports["trimAllocator"] = Napi::Function::New(env, [](const Napi::CallbackInfo&) { trim_allocator(); });
  exports["packedBytes"] = Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
    const DType type = info[2].ToBoolean() ? DType::bf16 : DType::f32;
    return Napi::Number::New(info.Env(), double(packed_bytes(*chosen_set().set, integer(info, 0), integer(info, 1), type)));
  });
  exports["gradientWorkspace"] = Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
    return Napi::Number::New(info.Env(), double(gradient_workspace(integer(info, 0), integer(info, 1), integer(info, 2))));
  });
  exports["normWorkspace"] = Napi::Function::New(env, [](const Napi::CallbackInfo& info) -> Napi::Value {
    return Napi::Number::New(info.Env(), double(norm_workspace(integer(info, 0), integer(info, 1))));
  });
  return exports;
}

}  // namespace

}  // namespace attune

static Napi::Object InitAddon(Napi::Env env, Napi::Object exports) { return attune::Init(env, exports); }
NODE_API_MODULE(attune_cpu, InitAddon)
