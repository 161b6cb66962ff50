package io.gibbon.server.http;

import io.gibbon.runtime.GeneratedToken;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How one of OpenAI's endpoints writes choices. */
enum Format {
  /** {@code /v1/chat/completions}. */
  CHAT("chat.completion", "chat.completion.chunk") {
    @Override
    JsonObject first() {
      return choice(null)
          .put("delta", new JsonObject().put("role", "assistant").put("content", ""));
    }

    @Override
    JsonObject delta(String text) {
      return choice(null).put("delta", new JsonObject().put("content", text));
    }

    @Override
    JsonObject last(String finishReason) {
      return choice(finishReason).put("delta", new JsonObject());
    }

    @Override
    JsonObject whole(String text, String finishReason) {
      return choice(finishReason)
          .put(
              "message",
              new JsonObject().put("role", "assistant").put("content", text).putNull("refusal"));
    }

    @Override
    JsonObject logprobs(List<GeneratedToken> tokens) {
      JsonArray content = new JsonArray();
      tokens.forEach(token -> content.add(Messages.logprob(token)));
      return new JsonObject().put("content", content).putNull("refusal");
    }
  },
  /** {@code /v1/completions}. */
  COMPLETION("text_completion", "text_completion") {
    @Override
    JsonObject first() {
      return delta("");
    }

    @Override
    JsonObject delta(String text) {
      return choice(null).put("text", text);
    }

    @Override
    JsonObject last(String finishReason) {
      return choice(finishReason).put("text", "");
    }

    @Override
    JsonObject whole(String text, String finishReason) {
      return choice(finishReason).put("text", text);
    }

    @Override
    JsonObject logprobs(List<GeneratedToken> tokens) {
      JsonArray texts = new JsonArray();
      JsonArray logprobs = new JsonArray();
      JsonArray tops = new JsonArray();
      JsonArray offsets = new JsonArray();
      int offset = 0;
      for (GeneratedToken token : tokens) {
        JsonObject top = new JsonObject();
        token.top().forEach(other -> top.put(other.text(), other.logprob()));
        texts.add(token.text());
        logprobs.add(token.logprob());
        tops.add(top);
        offsets.add(offset);
        offset += token.text().length();
      }
      return new JsonObject()
          .put("tokens", texts)
          .put("token_logprobs", logprobs)
          .put("top_logprobs", tops)
          .put("text_offset", offsets);
    }
  };

  private final String object;
  private final String chunk;

  Format(String object, String chunk) {
    this.object = object;
    this.chunk = chunk;
  }

  /** The message's {@code object}. */
  String object(boolean stream) {
    return stream ? chunk : object;
  }

  /** The choice that opens a stream. */
  abstract JsonObject first();

  /** A choice that adds text. */
  abstract JsonObject delta(String text);

  /** The choice that closes a stream. */
  abstract JsonObject last(String finishReason);

  /** The choice of an answer in one piece. */
  abstract JsonObject whole(String text, String finishReason);

  /** Probabilities of some tokens. */
  abstract JsonObject logprobs(List<GeneratedToken> tokens);

  private static JsonObject choice(@Nullable String finishReason) {
    return new JsonObject().put("index", 0).putNull("logprobs").put("finish_reason", finishReason);
  }
}
