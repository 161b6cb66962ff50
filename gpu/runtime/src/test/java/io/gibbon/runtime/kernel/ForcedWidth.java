package io.gibbon.runtime.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** Loads another copy of the vector kernels, for vectors of a given width. */
public final class ForcedWidth extends ClassLoader implements VectorWidth {

  private static final String PACKAGE = ForcedWidth.class.getPackageName() + ".";

  private final int bits;

  private ForcedWidth(int bits) {
    super(ForcedWidth.class.getClassLoader());
    this.bits = bits;
  }

  /** The vector kernels with vectors of so many bits, whether or not the machine has them. */
  public static Kernels kernels(int bits) {
    try {
      Class<?> kernels = new ForcedWidth(bits).loadClass(VectorKernels.class.getName());
      return (Kernels) kernels.getDeclaredConstructor().newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public int bits() {
    return bits;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    boolean own =
        name.startsWith(PACKAGE + "Vector") && !name.equals(VectorWidth.class.getName())
            || name.equals(Simd.class.getName());
    if (!own) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      return loaded == null ? define(name) : loaded;
    }
  }

  private Class<?> define(String name) {
    try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
      byte[] bytes = in.readAllBytes();
      return defineClass(name, bytes, 0, bytes.length);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
