package io.gibbon.cli.ingest;

import io.gibbon.cli.client.GibbonClient;
import io.gibbon.cli.client.ServerAbsentException;
import io.gibbon.schemas.Document;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Puts documents into a running server over HTTP, some at once. */
public final class HttpSink implements DocumentSink {

  private static final int AT_ONCE = 16;

  private final GibbonClient client;
  private final Semaphore free = new Semaphore(AT_ONCE);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private volatile @Nullable ServerAbsentException absent;

  /**
   * Writes through a client, which the caller closes.
   *
   * @throws ServerAbsentException if nobody listens
   */
  public HttpSink(GibbonClient client) {
    client.requirePresent();
    this.client = client;
  }

  @Override
  public void send(Document document, Consumer<@Nullable String> done) {
    if (absent != null) {
      throw absent;
    }
    free.acquireUninterruptibly();
    threads.execute(
        () -> {
          try {
            done.accept(put(document));
          } finally {
            free.release();
          }
        });
  }

  private @Nullable String put(Document document) {
    try {
      client.put(document);
      return null;
    } catch (ServerAbsentException e) {
      absent = e;
      return e.getMessage();
    } catch (Throwable e) {
      return Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
    }
  }

  @Override
  public void flush() {
    free.acquireUninterruptibly(AT_ONCE);
    free.release(AT_ONCE);
  }

  @Override
  public void close() {
    threads.close();
  }
}
