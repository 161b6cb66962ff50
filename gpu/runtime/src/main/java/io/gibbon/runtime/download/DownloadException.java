package io.gibbon.runtime.download;

/** A model that cannot be had. The message says why and what to do about it. */
public final class DownloadException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** A problem without a cause of its own. */
  public DownloadException(String message) {
    super(message);
  }

  /** A problem with its cause. */
  public DownloadException(String message, Throwable cause) {
    super(message, cause);
  }
}
