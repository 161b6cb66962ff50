// What an unmodified OpenAI client does, against the server at the URL given.
import assert from "node:assert";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2], apiKey: "none", maxRetries: 0 });
const messages = [{ role: "user", content: "ferry" }];

const answer = await client.chat.completions.create({ model: "fake", messages, max_tokens: 3 });
assert.equal(answer.choices[0].message.content, "t0 t1 t2 ");

let text = "";
const stream = await client.chat.completions.create({
  model: "fake",
  messages,
  max_tokens: 3,
  stream: true,
});
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta?.content ?? "";
}
assert.equal(text, "t0 t1 t2 ");

await assert.rejects(
  client.chat.completions.create({ model: "fake", messages, n: 2 }),
  (e) => e.status === 400 && e.param === "n",
);
console.log("ok");
