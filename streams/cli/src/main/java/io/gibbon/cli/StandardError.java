package io.gibbon.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/** Where messages go. Java's {@code Console} tells of standard input and output only. */
public final class StandardError {

  private static final int DESCRIPTOR = 2;

  private StandardError() {}

  /** Whether a person sees it; false also where the platform cannot tell. */
  public static boolean isTerminal() {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> function =
        linker.defaultLookup().find("isatty").or(() -> linker.defaultLookup().find("_isatty"));
    return function.isPresent() && call(linker, function.get()) != 0;
  }

  private static int call(Linker linker, MemorySegment function) {
    FunctionDescriptor type = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    try {
      return (int) linker.downcallHandle(function, type).invokeExact(DESCRIPTOR);
    } catch (Throwable e) {
      throw new LinkageError("isatty", e);
    }
  }
}
