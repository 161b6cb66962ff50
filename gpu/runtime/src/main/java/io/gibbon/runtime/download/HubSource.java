package io.gibbon.runtime.download;

import io.gibbon.runtime.download.ModelName.Hub;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Model files of a hub that speaks Hugging Face's protocol: {@code GET
 * BASE/owner/repo/resolve/main/file}, redirected to a server of files. A download that broke off
 * continues where it stopped if the server still has the same file (RFC 9110, If-Range).
 */
final class HubSource {

  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);
  private static final int ATTEMPTS = 4;

  private final URI base;

  HubSource(URI base) {
    this.base = base;
  }

  /** Fetches a file into a part file, which may hold its beginning. */
  void fetch(Hub name, PartFile part, DownloadListener listener) throws IOException {
    URI uri =
        URI.create(
            "%s/%s/%s/resolve/main/%s"
                .formatted(
                    base.toString().replaceFirst("/$", ""),
                    name.owner(),
                    name.repo(),
                    name.file()));
    listener.message("Downloading " + uri);
    Optional<String> expected = receive(uri, part, listener);
    if (!part.looksLikeModel()) {
      forget(part);
      throw new DownloadException(uri + " is not a GGUF file, so it was thrown away.");
    }
    String sha256 = PartFile.sha256(part.path());
    if (expected.isPresent() && !expected.get().equals(sha256)) {
      forget(part);
      throw new DownloadException(
          "%s has the SHA-256 %s, its hub says %s, so it was thrown away. Try again."
              .formatted(uri, sha256, expected.get()));
    }
    Files.deleteIfExists(validatorOf(part));
    listener.message(
        "SHA-256 of %s is %s%s"
            .formatted(name.file(), sha256, expected.isPresent() ? ", as its hub says" : ""));
  }

  /** Receives the whole file, in several goes if need be; returns the hub's checksum if it says. */
  private Optional<String> receive(URI uri, PartFile part, DownloadListener listener)
      throws IOException {
    try (HttpClient client =
        HttpClient.newBuilder()
            .followRedirects(Redirect.NORMAL)
            .connectTimeout(CONNECT_TIMEOUT)
            .build()) {
      for (int attempt = 1; ; attempt++) {
        try {
          return receiveOnce(client, uri, part, listener);
        } catch (IOException e) {
          if (isLocal(e)) {
            throw e;
          }
          if (attempt == ATTEMPTS) {
            throw new DownloadException(
                ("the download of %s broke off after %d bytes (%s). Run the command again: it"
                        + " continues where it stopped.")
                    .formatted(uri, part.size(), e),
                e);
          }
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new DownloadException("the download of %s was interrupted".formatted(uri), e);
        }
      }
    }
  }

  private static boolean isLocal(IOException e) {
    return e instanceof FileSystemException
        || String.valueOf(e.getMessage()).contains("No space left");
  }

  private Optional<String> receiveOnce(
      HttpClient client, URI uri, PartFile part, DownloadListener listener)
      throws IOException, InterruptedException {
    HttpResponse<InputStream> response =
        client.send(request(uri, part), BodyHandlers.ofInputStream());
    try (InputStream body = response.body()) {
      switch (response.statusCode()) {
        case 200 -> part.delete();
        case 206 -> checkRange(response, part);
        case 416 -> {
          forget(part);
          throw new IOException("the server has no bytes behind those we have");
        }
        default -> throw refusal(uri, response.statusCode());
      }
      rememberValidator(response, part);
      long rest = response.headers().firstValueAsLong("Content-Length").orElse(-1);
      long total = rest < 0 ? -1 : part.size() + rest;
      String file = String.valueOf(part.target().getFileName());
      part.append(body, bytes -> listener.progress(file, bytes, total));
    }
    return checksum(response);
  }

  private static HttpRequest request(URI uri, PartFile part) throws IOException {
    HttpRequest.Builder request = HttpRequest.newBuilder(uri);
    Path validator = validatorOf(part);
    if (part.size() > 0 && Files.exists(validator)) {
      request
          .header("Range", "bytes=%d-".formatted(part.size()))
          .header("If-Range", Files.readString(validator));
    }
    return request.build();
  }

  private static void checkRange(HttpResponse<?> response, PartFile part) throws IOException {
    String range = response.headers().firstValue("Content-Range").orElse("");
    if (!range.startsWith("bytes %d-".formatted(part.size()))) {
      forget(part);
      throw new IOException("the server sent other bytes than those asked for: " + range);
    }
  }

  private static DownloadException refusal(URI uri, int status) {
    String advice =
        switch (status) {
          case 401, 403 -> "It needs an account: download it there and give the file's path.";
          case 404 -> "Look at owner, repository and file name.";
          default -> "Try again later, or download it otherwise and give the file's path.";
        };
    return new DownloadException(
        "%s was answered with status %d. %s".formatted(uri, status, advice));
  }

  /** Without a strong validator a broken download begins anew. */
  private static void rememberValidator(HttpResponse<?> response, PartFile part)
      throws IOException {
    Optional<String> etag =
        response.headers().firstValue("ETag").filter(value -> value.startsWith("\""));
    Path validator = validatorOf(part);
    if (etag.isPresent()) {
      Files.createDirectories(validator.toAbsolutePath().getParent());
      Files.writeString(validator, etag.get());
    } else {
      Files.deleteIfExists(validator);
    }
  }

  /** The hub names the SHA-256 of large files in the response that redirects to them. */
  private static Optional<String> checksum(HttpResponse<?> response) {
    Optional<? extends HttpResponse<?>> at = Optional.of(response);
    while (at.isPresent()) {
      Optional<String> linked = at.get().headers().firstValue("X-Linked-ETag");
      if (linked.isPresent()) {
        return linked
            .map(value -> value.replace("\"", ""))
            .filter(value -> value.matches("[0-9a-f]{64}"));
      }
      at = at.get().previousResponse();
    }
    return Optional.empty();
  }

  private static void forget(PartFile part) throws IOException {
    part.delete();
    Files.deleteIfExists(validatorOf(part));
  }

  private static Path validatorOf(PartFile part) {
    return part.target().resolveSibling(part.target().getFileName() + ".part.etag");
  }
}
