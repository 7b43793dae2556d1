"""The work of these benchmarks done by sentence-transformers, in two ways. Prints one JSON object.

installed   what its documentation shows: SentenceTransformerTrainer, model.encode
tuned       the best that a user can write: a bare loop, fused AdamW, denormals off; the allocator is tuned by the environment of the caller

Real tokens are counted, padding is not. The first two steps warm up and are left out by the caller.
"""

import argparse
import json
import os
import resource
import time

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--work", choices=["train", "encode", "bert"], required=True)
parser.add_argument("--variant", choices=["installed", "tuned"], required=True)
parser.add_argument("--precision", choices=["fp32", "bf16"], required=True)
parser.add_argument("--model")
parser.add_argument("--data", help="JSON lines: {anchor, positive} or {text}")
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--steps", type=int, default=8)
parser.add_argument("--threads", type=int, required=True)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(1)
bf16 = options.precision == "bf16"
now = time.process_time if os.environ.get("ATTUNE_BENCH_CLOCK") == "processor" else time.perf_counter


def rows():
    with open(options.data, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def load_model():
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(options.model, device="cpu")
    model.max_seq_length = 256
    return model


def train_installed():
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.losses import MultipleNegativesRankingLoss
    from transformers import TrainerCallback

    model = load_model()
    steps, tokens = [], []

    class Clock(TrainerCallback):
        def on_step_end(self, *_, **__):
            steps.append(now())

    def count(_, inputs):  # what a batch holds besides padding
        tokens.append(sum(int(value.sum()) for name, value in inputs[0].items() if name.endswith("attention_mask")))

    keys = ["anchor", "positive"]
    dataset = Dataset.from_dict({key: [row[key] for row in rows()] for key in keys})
    arguments = SentenceTransformerTrainingArguments(
        output_dir="/tmp/attune-peer",
        max_steps=options.steps,
        per_device_train_batch_size=options.batch,
        learning_rate=2e-5,
        warmup_ratio=0.1,
        use_cpu=True,
        bf16=bf16,
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        seed=1,
    )
    loss = MultipleNegativesRankingLoss(model, scale=20)
    forward = loss.forward
    loss.forward = lambda features, labels: (count(None, [flat(features)]), forward(features, labels))[1]
    trainer = SentenceTransformerTrainer(model=model, args=arguments, train_dataset=dataset, loss=loss, callbacks=[Clock()])
    steps.append(now())
    trainer.train()
    return [b - a for a, b in zip(steps, steps[1:])], tokens


def flat(features):
    return {f"{i} {name}": value for i, one in enumerate(features) for name, value in one.items()}


def bare_loop(model, forward, batches):
    """Steps of forward (which gives the loss and the number of real tokens), backward, clipping and fused AdamW."""
    torch.set_flush_denormal(True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, fused=True)
    model.train()
    seconds, tokens = [], []
    for batch in batches:
        start = now()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss, count = forward(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(now() - start)
        tokens.append(count)
    return seconds, tokens


def in_batch_loss(anchor, positive):
    scores = torch.nn.functional.normalize(anchor.float()) @ torch.nn.functional.normalize(positive.float()).T * 20
    return torch.nn.functional.cross_entropy(scores, torch.arange(len(scores)))


def train_tuned():
    model = load_model()
    data = rows()
    order = torch.randperm(len(data)).tolist()

    def forward(indices):
        sides = [model.tokenize([data[i][key] for i in indices]) for key in ("anchor", "positive")]
        anchor, positive = (model(side)["sentence_embedding"] for side in sides)
        return in_batch_loss(anchor, positive), sum(int(side["attention_mask"].sum()) for side in sides)

    batches = [[order[(step * options.batch + i) % len(order)] for i in range(options.batch)] for step in range(options.steps)]
    return bare_loop(model, forward, batches)


def train_bert():
    """BERT-base by size, random weights, texts of 128 tokens: no padding, so nothing but speed is compared."""
    from transformers import BertConfig, BertModel

    model = BertModel(BertConfig(), add_pooling_layer=False)

    def forward(ids):
        pooled = model(input_ids=ids).last_hidden_state.mean(1)
        half = len(ids) // 2
        return in_batch_loss(pooled[:half], pooled[half:]), ids.numel()

    return bare_loop(model, forward, [torch.randint(1000, 30000, (options.batch, 128)) for _ in range(options.steps)])


def encode():
    model = load_model()
    texts = [row["text"] for row in rows()]
    tokens = sum(min(len(ids), 256) for ids in model.tokenizer(texts, truncation=True, max_length=256)["input_ids"])
    if options.variant == "tuned":
        torch.set_flush_denormal(True)
    seconds = []
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        model.encode(texts[:64])
        for _ in range(2):
            start = now()
            model.encode(texts, batch_size=32, show_progress_bar=False)
            seconds.append(now() - start)
    return seconds, [tokens] * len(seconds)


work = {"train": train_installed if options.variant == "installed" else train_tuned, "encode": encode, "bert": train_bert}
seconds, tokens = work[options.work]()
print(json.dumps({"seconds": seconds, "tokens": tokens, "rssPeak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
