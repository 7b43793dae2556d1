{
  "variables": { "openssl_fips": "" },
  "targets": [
    {
      "target_name": "attune_cpu",
      "sources": [
        "native/addon.cc",
        "native/isa/baseline.cc",
        "native/isa/avx2.cc",
        "native/isa/avx512.cc",
        "native/isa/avx512bf16.cc",
        "native/isa/amx.cc",
        "native/isa/neonbf16.cc",
        "native/isa/dispatch.cc",
        "native/isa/processor.cc",
        "native/pool/control-group.cc",
        "native/pool/memory.cc",
        "native/pool/pool.cc",
        "native/pool/probes.cc",
        "native/queue/commands.cc",
        "native/queue/queue.cc"
      ],
      "include_dirs": ["native", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS"],
      "cflags!": ["-fno-exceptions", "-O2"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++20", "-O3", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-psabi", "-Wno-ignored-attributes", "-Wno-uninitialized", "-Wno-maybe-uninitialized"],
      "xcode_settings": {
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "MACOSX_DEPLOYMENT_TARGET": "12.0",
        "GCC_OPTIMIZATION_LEVEL": "3",
        "OTHER_CPLUSPLUSFLAGS": ["-ffp-contract=off", "-fno-math-errno"]
      },
      "msvs_settings": { "VCCLCompilerTool": { "ExceptionHandling": 1, "AdditionalOptions": ["/std:c++20", "/fp:precise"] } }
    }
  ]
}
