"""What an unmodified OpenAI client does, against the server at the URL given."""

import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)

models = client.models.list()
model = models.data[0].id
assert model == "fake", model

messages = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "ferry"},
]
answer = client.chat.completions.create(
    model=model,
    messages=messages,
    max_tokens=3,
    temperature=0.5,
    logprobs=True,
    top_logprobs=2,
    extra_body={"gibbon": {"collection": "island"}},
)
assert answer.choices[0].message.content == "t0 t1 t2 ", answer
assert answer.choices[0].finish_reason == "length"
assert answer.usage.prompt_tokens_details.cached_tokens == 15, answer.usage
assert len(answer.choices[0].logprobs.content[0].top_logprobs) == 2
assert answer.gibbon["contexts"][0]["id"] == "island/ferry#0", answer.gibbon

chunks = list(
    client.chat.completions.create(
        model=model,
        messages=messages,
        max_completion_tokens=3,
        stream=True,
        stream_options={"include_usage": True},
    )
)
text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
assert text == "t0 t1 t2 ", text
assert chunks[-1].usage.completion_tokens == 3, chunks[-1]

completion = client.completions.create(model=model, prompt="Once", max_tokens=2)
assert completion.choices[0].text == "t0 t1 ", completion

try:
    client.chat.completions.create(model=model, messages=messages, n=2)
    raise AssertionError("n=2 was accepted")
except openai.BadRequestError as e:
    assert e.param == "n", e.body
    assert e.code == "unsupported_value", e.body

try:
    client.chat.completions.create(model="gpt-4o", messages=messages)
    raise AssertionError("an unknown model was accepted")
except openai.NotFoundError as e:
    assert e.code == "model_not_found", e.body

print("ok")
