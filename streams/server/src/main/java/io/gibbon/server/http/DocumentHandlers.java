package io.gibbon.server.http;

import io.gibbon.schemas.Document;
import io.gibbon.server.ServerConfig;
import io.gibbon.server.answer.After;
import io.gibbon.server.answer.RequestException;
import io.gibbon.server.documents.DocumentWriter;
import io.gibbon.topology.CollectionList;
import io.gibbon.topology.CollectionStatus;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.DocumentStatus;
import io.gibbon.topology.StateReader;
import io.vertx.core.MultiMap;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Collections and documents. Every method may block: it is called on a virtual thread. */
final class DocumentHandlers {

  private static final Duration POLL = Duration.ofMillis(20);

  private final StateReader states;
  private final @Nullable DocumentWriter writer;
  private final Duration waitLimit;
  private final int maxWaits;
  private final Semaphore slots;

  /**
   * @param writer null where no Kafka is configured
   */
  DocumentHandlers(StateReader states, @Nullable DocumentWriter writer, ServerConfig config) {
    this.states = states;
    this.writer = writer;
    this.waitLimit = config.waitLimit();
    this.maxWaits = config.maxWaits();
    this.slots = new Semaphore(maxWaits);
  }

  void list(Reply reply) {
    JsonArray data = new JsonArray();
    CollectionList known = states.collections();
    known.collections().forEach(collection -> data.add(json(collection)));
    reply.json(
        200,
        new JsonObject().put("object", "list").put("data", data).put("complete", known.complete()));
  }

  void put(DocumentId id, JsonObject body, MultiMap query, Reply reply)
      throws InterruptedException {
    Document document = DocumentBody.read(id, body);
    waiting(
        () -> {
          DocumentWriter.Written written = writer().put(document);
          if (query.contains("wait")) {
            reply.json(200, json(await(written.after(), timeout(query))));
          } else {
            reply.json(202, json(written, "pending"));
          }
        });
  }

  void delete(DocumentId id, MultiMap query, Reply reply) throws InterruptedException {
    waiting(
        () -> {
          DocumentWriter.Written written = writer().delete(id);
          if (query.contains("wait")) {
            poll(id, timeout(query), "deleted", status -> isDeleted(status, written.after()));
            reply.json(200, json(written, "deleted"));
          } else {
            reply.json(202, json(written, "deleted"));
          }
        });
  }

  void get(DocumentId id, MultiMap query, Reply reply) throws InterruptedException {
    if ("deleted".equals(query.get("wait"))) {
      waiting(() -> reply.json(200, gone(id, query)));
    } else if (query.contains("wait")) {
      waiting(() -> reply.json(200, json(settled(id, query))));
    } else {
      reply.json(200, json(states.document(id).orElseThrow(() -> unknown(id))));
    }
  }

  /** The document once it is encoded or has failed. */
  private DocumentStatus settled(DocumentId id, MultiMap query) throws InterruptedException {
    After after = after(id, query);
    if (after == null) {
      Predicate<DocumentStatus> settled = known -> known.state() != DocumentStatus.State.PENDING;
      return poll(id, timeout(query), "encoded", status -> status.filter(settled).isPresent())
          .orElseThrow();
    }
    return await(after, timeout(query));
  }

  /** That there is no document, once that is so, or once a deletion has taken effect. */
  private JsonObject gone(DocumentId id, MultiMap query) throws InterruptedException {
    After after = after(id, query);
    poll(
        id,
        timeout(query),
        "deleted",
        status -> after == null ? status.isEmpty() : isDeleted(status, after));
    return new JsonObject()
        .put("collection", id.collection())
        .put("id", id.id())
        .put("state", "deleted");
  }

  private static @Nullable After after(DocumentId id, MultiMap query) {
    String text = query.get("after");
    After after = text == null ? null : After.parse("after", text);
    if (after != null && !after.document().equals(id)) {
      throw RequestException.invalid("after", "after must name this document, " + id);
    }
    return after;
  }

  /** Work that waits for Kafka or for the topology. */
  @FunctionalInterface
  private interface Waiting {
    void run() throws InterruptedException;
  }

  /** Each wait holds a body and asks the stores again and again: there are only so many at once. */
  private void waiting(Waiting work) throws InterruptedException {
    if (!slots.tryAcquire()) {
      throw RequestException.overloaded(
          "%d writes of documents and waits for them are under way, the limit; try again later"
              .formatted(maxWaits));
    }
    try {
      work.run();
    } finally {
      slots.release();
    }
  }

  private DocumentWriter writer() {
    if (writer == null) {
      throw RequestException.refused(
          501, "no_kafka", "This server has no Kafka to write documents to.");
    }
    return writer;
  }

  private Duration timeout(MultiMap query) {
    String seconds = query.get("timeout");
    if (seconds == null) {
      return waitLimit;
    }
    Duration wanted = Duration.ofMillis(Math.round(Double.parseDouble(seconds) * 1000));
    return wanted.compareTo(waitLimit) < 0 ? wanted : waitLimit;
  }

  /**
   * Waits until a write is encoded or has failed.
   *
   * @throws RequestException if the document has been deleted instead
   */
  private DocumentStatus await(After after, Duration timeout) throws InterruptedException {
    DocumentId id = after.document();
    return poll(id, timeout, "encoded", status -> after.visible(status, states))
        .orElseThrow(() -> unknown(id));
  }

  /** Whether a deletion has taken effect; a later write of the document says so too. */
  private boolean isDeleted(Optional<DocumentStatus> status, After deletion) {
    return status.isPresent()
        ? status.get().version().timestamp() > deletion.timestamp()
        : deletion.visible(status, states);
  }

  private Optional<DocumentStatus> poll(
      DocumentId id, Duration timeout, String wanted, Predicate<Optional<DocumentStatus>> done)
      throws InterruptedException {
    long end = System.nanoTime() + timeout.toNanos();
    while (true) {
      Optional<DocumentStatus> status = states.document(id);
      if (done.test(status)) {
        return status;
      }
      if (System.nanoTime() >= end) {
        throw RequestException.late(
            "%s is not %s after %d ms".formatted(id, wanted, timeout.toMillis()));
      }
      Thread.sleep(POLL);
    }
  }

  private static RequestException unknown(DocumentId id) {
    return RequestException.notFound(
        "id", "document_not_found", "there is no document '" + id + "'");
  }

  private static JsonObject json(DocumentWriter.Written written, String state) {
    return new JsonObject()
        .put("collection", written.after().document().collection())
        .put("id", written.after().document().id())
        .put("state", state)
        .put("after", written.after().toString())
        .put("timestamp", written.after().timestamp())
        .put("topic", written.topic())
        .put("partition", written.partition())
        .put("offset", written.offset());
  }

  private static JsonObject json(DocumentStatus status) {
    JsonObject json =
        new JsonObject()
            .put("collection", status.document().collection())
            .put("id", status.document().id())
            .put("state", status.state().name().toLowerCase(Locale.ROOT))
            .put("version", status.version().toString())
            .put("title", status.title())
            .put("text", status.text())
            .put("metadata", new JsonObject(new HashMap<>(status.metadata())))
            .put("contexts", status.contexts())
            .put("tokens", status.tokens());
    return status.reason() == null ? json : json.put("reason", status.reason());
  }

  private static JsonObject json(CollectionStatus status) {
    return new JsonObject()
        .put("collection", status.collection())
        .put("documents", status.documents())
        .put("pending", status.pending())
        .put("failed", status.failed())
        .put("contexts", status.contexts())
        .put("tokens", status.tokens());
  }
}
