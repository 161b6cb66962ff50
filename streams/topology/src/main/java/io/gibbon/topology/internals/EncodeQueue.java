package io.gibbon.topology.internals;

import io.gibbon.runtime.ClosedException;
import io.gibbon.runtime.DocumentText;
import io.gibbon.runtime.EncodeJob;
import io.gibbon.runtime.EncodedContext;
import io.gibbon.runtime.Encoder;
import io.gibbon.schemas.Manifest;
import io.gibbon.schemas.PendingDocument;
import io.gibbon.topology.DocumentId;
import io.gibbon.topology.TopologyConfig;
import io.gibbon.topology.TopologyMetrics;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.state.KeyValueIterator;

/**
 * The documents of {@code pending} on their way through the encoder: waiting, then counted (the
 * attempt is written and waits for its commit), then running. Only what is in {@code pending}
 * outlives this object. Used by one stream thread; nothing here waits.
 */
final class EncodeQueue {

  /** The most documents looked at in one punctuation. */
  private static final int SLICE = 256;

  /** Is told how documents leave the queue. */
  interface Outcomes {

    /** The document's manifest is complete. */
    void encoded(DocumentId document, PendingDocument pending, Manifest manifest);

    /** There is no need to encode the document: our profile's manifest has this very content. */
    void usable(DocumentId document, PendingDocument pending, Manifest manifest);

    /** The document is given up. */
    void failed(DocumentId document, PendingDocument pending, String reason);
  }

  private final Stores stores;
  private final TopologyConfig config;
  private final Encoder encoder;
  private final EncoderRoom room;
  private final EncodingWriter writer;
  private final TopologyMetrics metrics;
  private final Outcomes outcomes;

  private final Map<DocumentId, Integer> bytes = new HashMap<>();
  private final Set<DocumentId> waiting = new LinkedHashSet<>();
  private final Deque<DocumentId> counted = new ArrayDeque<>();
  private final Map<DocumentId, Encoding> running = new LinkedHashMap<>();
  private long totalBytes;

  EncodeQueue(
      Stores stores,
      TopologyConfig config,
      Encoder encoder,
      EncoderRoom room,
      EncodingWriter writer,
      TopologyMetrics metrics,
      Outcomes outcomes) {
    this.stores = stores;
    this.config = config;
    this.encoder = encoder;
    this.room = room;
    this.writer = writer;
    this.metrics = metrics;
    this.outcomes = outcomes;
  }

  /** Takes up what an earlier run left; documents cut off then come last. */
  void load() {
    List<DocumentId> cutOff = new ArrayList<>();
    try (KeyValueIterator<Bytes, PendingDocument> all = stores.pending().all()) {
      while (all.hasNext()) {
        KeyValue<Bytes, PendingDocument> pair = all.next();
        DocumentId document = Keys.document(pair.key);
        account(document, pair.value);
        if (cutOffs(pair.value) > 0) {
          cutOff.add(document);
        } else {
          waiting.add(document);
        }
      }
    }
    waiting.addAll(cutOff);
  }

  /** Puts new content at the end of the line, in place of older content of the same document. */
  void put(DocumentId document, PendingDocument pending) {
    cancel(document);
    stores.pending().put(Keys.document(document), pending);
    account(document, pending);
    waiting.add(document);
  }

  /** Changes the version of a document whose content stays what it is. */
  void advance(DocumentId document, PendingDocument newer) {
    PendingDocument pending = stores.pending().get(Keys.document(document));
    if (pending != null) {
      pending.setVersion(newer.getVersion());
      pending.setSource(newer.getSource());
      stores.pending().put(Keys.document(document), pending);
    }
  }

  /** Takes a document out, wherever it is. */
  void remove(DocumentId document) {
    cancel(document);
    if (unaccount(document)) {
      stores.pending().put(Keys.document(document), null);
    }
  }

  private void cancel(DocumentId document) {
    waiting.remove(document);
    counted.remove(document);
    Encoding encoding = running.remove(document);
    if (encoding != null) {
      encoding.cancel();
      writer.discardBuilding(document);
    }
  }

  private void account(DocumentId document, PendingDocument pending) {
    unaccount(document);
    int size = 2 * (pending.getDocument().getText().length() + 200);
    bytes.put(document, size);
    totalBytes += size;
    metrics.pending.incrementAndGet();
  }

  private boolean unaccount(DocumentId document) {
    Integer size = bytes.remove(document);
    if (size == null) {
      return false;
    }
    totalBytes -= size;
    metrics.pending.decrementAndGet();
    return true;
  }

  /** Whether a document waits or is being encoded. */
  boolean contains(DocumentId document) {
    return bytes.containsKey(document);
  }

  /** Whether there is nothing to do. */
  boolean isEmpty() {
    return bytes.isEmpty();
  }

  /** How much of the configured room is taken; 1 and more is full. */
  double fullness() {
    return Math.max(
        (double) bytes.size() / config.pendingDocuments(),
        (double) totalBytes / config.pendingBytes());
  }

  /** Writes finished contexts, at most {@code writeBytes} of them, and ends what is done. */
  void collect() {
    long budget = config.writeBytes();
    boolean progress = true;
    while (progress && budget > 0) {
      progress = false;
      for (Encoding encoding : List.copyOf(running.values())) {
        long written = budget > 0 ? collect(encoding, budget) : 0;
        budget -= written;
        progress |= written > 0;
      }
    }
  }

  private long collect(Encoding encoding, long budget) {
    RuntimeException failure = encoding.job.failure();
    if (failure != null) {
      fail(encoding, failure);
      return 0;
    }
    EncodedContext context = encoding.context();
    if (context == null && !encoding.isDone()) {
      return 0;
    }
    if (!stillPending(encoding)) {
      cancel(encoding.document);
      return 0;
    }
    long written = context == null ? 0 : writer.write(encoding, context, budget);
    if (writer.isTooLong(encoding)) {
      fail(encoding, new IllegalStateException("it has too many contexts: split the document"));
    } else if (encoding.isDone()) {
      finish(encoding);
    } else if (written > 0) {
      moveToEnd(encoding);
    }
    return written;
  }

  /** Whoever was written longest ago is first the next time. */
  private void moveToEnd(Encoding encoding) {
    running.remove(encoding.document);
    running.put(encoding.document, encoding);
  }

  private boolean stillPending(Encoding encoding) {
    PendingDocument now = stores.pending().get(Keys.document(encoding.document));
    return now != null
        && now.getContentHash().equals(encoding.pending.getContentHash())
        && now.getAttempts() == encoding.pending.getAttempts();
  }

  private void finish(Encoding encoding) {
    DocumentId document = encoding.document;
    PendingDocument pending = stores.pending().get(Keys.document(document));
    if (pending == null) {
      throw new IllegalStateException(document + " was just pending");
    }
    running.remove(document);
    Manifest manifest = writer.complete(encoding, pending);
    outcomes.encoded(document, pending, manifest);
    remove(document);
  }

  private void fail(Encoding encoding, RuntimeException failure) {
    DocumentId document = encoding.document;
    cancel(document);
    if (failure instanceof ClosedException) {
      encoderClosed(document);
    } else {
      failedAttempt(document, Reasons.of(failure));
    }
  }

  /** Nobody has to try it with the next document. */
  private void encoderClosed(DocumentId document) {
    room.close(0);
    uncount(document);
  }

  /** Takes everything back from the encoder, because this process ends in order. */
  void takeBack() {
    for (DocumentId document : List.copyOf(running.keySet())) {
      cancel(document);
      uncount(document);
    }
    for (DocumentId document = counted.poll(); document != null; document = counted.poll()) {
      uncount(document);
    }
    room.report(this, 0);
  }

  /** An attempt that was ended in order says nothing about the document. */
  private void uncount(DocumentId document) {
    PendingDocument pending = stores.pending().get(Keys.document(document));
    if (pending != null) {
      pending.setAttempts(pending.getAttempts() - 1);
      stores.pending().put(Keys.document(document), pending);
      waiting.add(document);
    }
  }

  private void failedAttempt(DocumentId document, String reason) {
    metrics.attemptsFailed.increment();
    PendingDocument pending = stores.pending().get(Keys.document(document));
    if (pending == null) {
      return;
    }
    pending.setFailures(pending.getFailures() + 1);
    stores.pending().put(Keys.document(document), pending);
    if (pending.getFailures() >= config.attempts()) {
      giveUp(document, pending, reason);
    } else {
      waiting.add(document);
    }
  }

  private void giveUp(DocumentId document, PendingDocument pending, String reason) {
    outcomes.failed(document, pending, reason);
    remove(document);
  }

  /** Hands documents whose attempt was counted, and committed since, to the encoder. */
  void handOver() {
    for (DocumentId document = counted.poll(); document != null; document = counted.poll()) {
      PendingDocument pending = stores.pending().get(Keys.document(document));
      if (pending != null) {
        handOver(document, pending);
      }
    }
  }

  private void handOver(DocumentId document, PendingDocument pending) {
    EncodeJob job;
    try {
      job =
          encoder.encode(
              new DocumentText(pending.getDocument().getTitle(), pending.getDocument().getText()));
    } catch (ClosedException e) {
      encoderClosed(document);
      return;
    } catch (RuntimeException e) {
      failedAttempt(document, Reasons.of(e));
      return;
    }
    running.put(document, writer.start(document, pending, job));
  }

  /**
   * Counts an attempt for the next documents in line. The caller commits; the next {@link
   * #handOver} then comes after that commit.
   *
   * @return whether there is something to commit
   */
  boolean count() {
    room.report(this, inFlight());
    for (int looked = 0; looked < SLICE && hasRoom() && !waiting.isEmpty(); looked++) {
      DocumentId document = waiting.iterator().next();
      PendingDocument pending = stores.pending().get(Keys.document(document));
      Manifest made = pending == null ? null : writer.current(document, pending.getContentHash());
      if (pending == null) {
        waiting.remove(document);
        unaccount(document);
      } else if (made != null) {
        outcomes.usable(document, pending, made);
        remove(document);
      } else if (isHopeless(pending)) {
        waiting.remove(document);
        giveUp(
            document,
            pending,
            "encoding it alone was cut off %d times".formatted(cutOffs(pending) - 1));
      } else if (room.enter(this, cutOffs(pending) > 0)) {
        waiting.remove(document);
        count(document, pending);
      } else {
        break;
      }
    }
    return !counted.isEmpty();
  }

  private boolean hasRoom() {
    return inFlight() < config.inFlightDocuments();
  }

  private int inFlight() {
    return running.size() + counted.size();
  }

  /**
   * A document that was cut off may be what brought the process down, so it is encoded alone: then
   * another cut-off is its own, and nobody else's. The first does not count: until then it was not
   * alone.
   */
  private boolean isHopeless(PendingDocument pending) {
    return cutOffs(pending) > config.interruptions();
  }

  private static int cutOffs(PendingDocument pending) {
    return pending.getAttempts() - pending.getFailures();
  }

  private void count(DocumentId document, PendingDocument pending) {
    pending.setAttempts(pending.getAttempts() + 1);
    stores.pending().put(Keys.document(document), pending);
    counted.add(document);
  }

  /** Cancels what is running, without waiting and without touching a store. */
  void close() {
    running.values().forEach(Encoding::cancel);
    running.clear();
    room.report(this, 0);
    metrics.pending.addAndGet(-bytes.size());
    bytes.clear();
  }
}
