"""FAISS flat and hnswlib on the vectors that indexes.ts wrote: one JSON line each."""

import json
import os
import resource
import sys
import time

import numpy as np

D, K = 384, 10
folder, rows, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
base = np.memmap(os.path.join(folder, "base.f32"), dtype=np.float32, mode="r", shape=(rows, D))
queries = np.fromfile(os.path.join(folder, "queries.f32"), dtype=np.float32).reshape(count, D)
truth = np.fromfile(os.path.join(folder, "truth.u32"), dtype=np.uint32).reshape(count, K)


def resident() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20


def measure(name, make, search, save):
    before, began, cpu = resident(), time.perf_counter(), time.process_time()
    index = make()
    build = dict(clock=time.perf_counter() - began, threads=time.process_time() - cpu)
    memory = resident() - before
    times = []
    for _ in range(2):
        began, cpu = time.perf_counter(), time.process_time()
        ids = search(index)
        times.append((time.perf_counter() - began, time.process_time() - cpu))
    query = dict(clock=1000 * min(clock for clock, _ in times) / count, threads=1000 * min(cpu for _, cpu in times) / count)
    right = sum(len(set(a) & set(b)) for a, b in zip(ids.tolist(), truth.tolist()))
    path = os.path.join(folder, "peer.index")
    save(index, path)
    disk = os.path.getsize(path) / 2**20
    os.remove(path)
    print(json.dumps(dict(name=name, build=build, query=query, recall=right / truth.size, memory=memory, disk=disk)), flush=True)


def faiss_flat():
    import faiss

    index = faiss.IndexFlatIP(D)
    for start in range(0, rows, 10000):
        index.add(np.array(base[start : start + 10000]))
    return index


def save_faiss(index, path):
    import faiss

    faiss.write_index(index, path)


def hnsw(threads):
    import hnswlib

    index = hnswlib.Index(space="ip", dim=D)
    index.init_index(max_elements=rows, M=16, ef_construction=128, random_seed=1)
    index.set_ef(128)
    for start in range(0, rows, 10000):
        index.add_items(np.array(base[start : start + 10000]), num_threads=threads)
    return index


import faiss  # noqa: E402  loaded before anything is measured
import hnswlib  # noqa: E402, F401

measure("FAISS flat (Python)", faiss_flat, lambda index: index.search(queries, K)[1], save_faiss)
measure("hnswlib (Python), 1 thread", lambda: hnsw(1), lambda index: index.knn_query(queries, k=K, num_threads=1)[0], lambda index, path: index.save_index(path))
measure("hnswlib (Python), all threads", lambda: hnsw(-1), lambda index: index.knn_query(queries, k=K)[0], lambda index, path: index.save_index(path))
