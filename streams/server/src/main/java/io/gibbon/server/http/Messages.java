package io.gibbon.server.http;

import io.gibbon.runtime.FinishReason;
import io.gibbon.runtime.GeneratedToken;
import io.gibbon.server.answer.AnswerEnd;
import io.gibbon.server.answer.AnswerStart;
import io.gibbon.server.answer.Citation;
import io.gibbon.server.answer.ContextUse;
import io.gibbon.server.answer.RequestException;
import io.gibbon.server.answer.Selected;
import io.gibbon.topology.ContextRef;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Parts of OpenAI's messages that chat and completions share, and our own. */
final class Messages {

  private Messages() {}

  static JsonObject error(RequestException error) {
    return new JsonObject()
        .put(
            "error",
            new JsonObject()
                .put("message", error.getMessage())
                .put("type", error.type())
                .put("param", error.param())
                .put("code", error.code()));
  }

  static JsonObject usage(AnswerEnd.Usage usage) {
    return new JsonObject()
        .put("prompt_tokens", usage.prompt())
        .put("completion_tokens", usage.completion())
        .put("total_tokens", usage.prompt() + usage.completion())
        .put("prompt_tokens_details", new JsonObject().put("cached_tokens", usage.cached()))
        .put(
            "completion_tokens_details",
            new JsonObject()
                .put("accepted_prediction_tokens", usage.accepted())
                .put("rejected_prediction_tokens", usage.drafted() - usage.accepted()));
  }

  /** What an answer draws on, as far as it is known before the first token. */
  static JsonObject report(AnswerStart start, boolean withText) {
    return report(start.contexts(), start.selected(), start.dropped(), start.complete(), withText);
  }

  /** What an answer drew on, and how long everything took. */
  static JsonObject report(AnswerEnd end, boolean withText) {
    AnswerEnd.Timings timings = end.timings();
    return report(end.contexts(), end.selected(), end.dropped(), end.complete(), withText)
        .put("combine", name(end.combination()))
        .put("citations", citations(end.citations()))
        .put("cached_tokens", end.usage().cached())
        .put(
            "timings",
            new JsonObject()
                .put("search_ms", millis(timings.search()))
                .put("attach_ms", millis(timings.attach()))
                .put("select_ms", millis(end.selected().time()))
                .put("combine_ms", millis(timings.combine()))
                .put("queue_ms", millis(timings.queue()))
                .put("first_token_ms", millis(timings.firstToken()))
                .put("total_ms", millis(timings.total())));
  }

  private static JsonObject report(
      List<ContextUse> contexts,
      Selected selected,
      List<String> dropped,
      boolean complete,
      boolean withText) {
    JsonArray uses = new JsonArray();
    contexts.forEach(use -> uses.add(context(use, withText)));
    return new JsonObject()
        .put("contexts", uses)
        .put("selection", selection(selected))
        .put("dropped", new JsonArray(dropped))
        .put("complete", complete);
  }

  private static JsonArray citations(List<Citation> citations) {
    JsonArray array = new JsonArray();
    for (Citation citation : citations) {
      JsonObject one =
          new JsonObject()
              .put("start", citation.start())
              .put("end", citation.end())
              .put("context", citation.context().toString())
              .put("document", citation.context().document().id());
      if (citation.share() != null) {
        one.put("share", citation.share());
      }
      if (citation.from() >= 0) {
        one.put("context_start", citation.from()).put("context_end", citation.to());
      }
      array.add(one);
    }
    return array;
  }

  private static JsonObject selection(Selected selected) {
    JsonArray candidates = new JsonArray();
    for (Selected.Candidate candidate : selected.candidates()) {
      JsonObject one = new JsonObject().put("id", candidate.context().toString());
      if (candidate.score() != null) {
        one.put("score", candidate.score());
      }
      if (candidate.secondScore() != null) {
        one.put("second_score", candidate.secondScore());
      }
      candidates.add(one);
    }
    return new JsonObject()
        .put("by", name(selected.by()))
        .put("hops", selected.hops())
        .put("candidates", candidates);
  }

  private static JsonObject context(ContextUse use, boolean withText) {
    ContextRef ref = use.candidate().context();
    JsonObject context =
        new JsonObject()
            .put("id", ref.toString())
            .put("collection", ref.document().collection())
            .put("document", ref.document().id())
            .put("index", ref.index())
            .put("title", use.candidate().title())
            .put("tokens", ref.tokens());
    if (use.candidate().score() != null) {
      context.put("score", use.candidate().score());
    }
    if (use.share() != null) {
      context.put("attention_share", use.share());
    }
    if (withText) {
      context.put("text", use.candidate().text());
    }
    return context;
  }

  /** An entry of {@code logprobs.content} of chats. */
  static JsonObject logprob(GeneratedToken token) {
    JsonArray top = new JsonArray();
    token.top().forEach(other -> top.add(logprob(other.text(), other.logprob())));
    return logprob(token.text(), token.logprob()).put("top_logprobs", top);
  }

  private static JsonObject logprob(String text, double logprob) {
    JsonArray bytes = new JsonArray();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      bytes.add(b & 0xFF);
    }
    return new JsonObject().put("token", text).put("logprob", logprob).put("bytes", bytes);
  }

  static String finishReason(FinishReason reason) {
    return reason == FinishReason.LENGTH ? "length" : "stop";
  }

  private static String name(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static double millis(Duration duration) {
    return duration.toNanos() / 1000 / 1000.0;
  }
}
