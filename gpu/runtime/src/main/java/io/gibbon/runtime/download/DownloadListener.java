package io.gibbon.runtime.download;

/** Is told how a download goes, on the downloading thread. */
public interface DownloadListener {

  /** Hears nothing. */
  DownloadListener NONE =
      new DownloadListener() {
        @Override
        public void message(String text) {}

        @Override
        public void progress(String file, long bytes, long total) {}
      };

  /** A line for people: what begins, what a checksum is. */
  void message(String text);

  /**
   * More has come, or all has.
   *
   * @param file name of the model file
   * @param bytes bytes so far
   * @param total all bytes, or -1 if unknown
   */
  void progress(String file, long bytes, long total);
}
