package io.gibbon.cli.ingest;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Sends items to a sink and counts what became of them. Fed by one thread, read by any. */
public final class Ingestion {

  private final DocumentSink sink;
  private final Runnable onDone;
  private final AtomicInteger seen = new AtomicInteger();
  private final AtomicInteger acknowledged = new AtomicInteger();
  private final List<Item.Refused> refused = Collections.synchronizedList(new ArrayList<>());

  /**
   * Sends to a sink.
   *
   * @param onDone called for every item that is acknowledged or refused, on any thread
   */
  public Ingestion(DocumentSink sink, Runnable onDone) {
    this.sink = sink;
    this.onDone = onDone;
  }

  /** Sends an item, or notes why it cannot be sent. */
  public void accept(Item item) {
    seen.incrementAndGet();
    switch (item) {
      case Item.Refused bad -> refuse(bad);
      case Item.Readable readable ->
          sink.send(readable.document(), reason -> settle(readable, reason));
    }
  }

  private void settle(Item.Readable item, @Nullable String reason) {
    if (reason == null) {
      acknowledged.incrementAndGet();
      onDone.run();
    } else {
      refuse(new Item.Refused(item.source(), reason));
    }
  }

  private void refuse(Item.Refused bad) {
    refused.add(bad);
    onDone.run();
  }

  /** Items seen so far. */
  public int seen() {
    return seen.get();
  }

  /** Documents that Kafka has acknowledged. */
  public int acknowledged() {
    return acknowledged.get();
  }

  /** What was refused, in the order in which it was noticed. */
  public List<Item.Refused> refused() {
    synchronized (refused) {
      return List.copyOf(refused);
    }
  }
}
