package io.gibbon.runtime;

import io.gibbon.runtime.download.DownloadException;
import io.gibbon.runtime.download.DownloadListener;
import io.gibbon.runtime.download.ModelName;
import io.gibbon.runtime.download.ModelStore;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The default model for tests that need real weights. */
public final class DefaultModel {

  private DefaultModel() {}

  /** Where the file is; the calling test is skipped, with the reason, if it cannot be had. */
  public static Path path() {
    try {
      return new ModelStore().resolve(ModelName.DEFAULT, DownloadListener.NONE);
    } catch (DownloadException e) {
      String reason = "skipped, as there is no default model: " + e.getMessage();
      System.out.println(reason);
      Assumptions.abort(reason);
      throw e;
    }
  }
}
