import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.utils.Exit;

/**
 * Kafka's console tools in one JVM: a line of input is "base64 of what the tool reads TAB CLASS TAB argument TAB ...",
 * the answer "exit code TAB base64 of what the tool printed".
 */
public final class Tools {
	/** What a tool's exit() becomes.  Some tools catch it and exit again: the first code counts. */
	private static final class Exited extends RuntimeException {
		private static final long serialVersionUID = 1;

		Exited() {
			super("exit", null, false, false);
		}
	}

	/** What the tool prints.  It has ended when it has called exit(): what it prints after it has caught that, no process would have. */
	private static final class Printed extends ByteArrayOutputStream {
		private boolean hasEnded;

		@Override
		public synchronized void write(int b) {
			if (!hasEnded)
				super.write(b);
		}

		@Override
		public synchronized void write(byte[] bytes, int from, int count) {
			if (!hasEnded)
				super.write(bytes, from, count);
		}
	}

	private static Printed printed;
	private static Integer exitCode;

	private Tools() {
	}

	public static void main(String[] args) throws Exception {
		Exit.setExitProcedure((code, message) -> exit(code));
		Exit.setHaltProcedure((code, message) -> exit(code));
		PrintStream answers = System.out;
		answers.println("ready");
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
		for (String line = in.readLine(); line != null; line = in.readLine()) {
			printed = new Printed();
			PrintStream capture = new PrintStream(printed, true);
			System.setOut(capture);
			System.setErr(capture);
			String[] words = line.split("\t");
			System.setIn(new ByteArrayInputStream(Base64.getDecoder().decode(words[0])));
			int code = run(words[1], Arrays.copyOfRange(words, 2, words.length), capture);
			capture.flush();
			answers.println(code + "\t" + Base64.getEncoder().encodeToString(printed.toByteArray()));
			answers.flush();
		}
	}

	private static void exit(int code) {
		if (exitCode == null)
			exitCode = code;
		printed.hasEnded = true;
		throw new Exited();
	}

	private static int run(String name, String[] args, PrintStream capture) {
		exitCode = null;
		Set<Thread> before = new HashSet<>(hooks().keySet());
		int code = scala.Console.withOut(capture, () -> call(name, args, capture));
		printed.hasEnded = false;
		for (Thread hook : new HashSet<>(hooks().keySet()))
			if (!before.contains(hook))
				atEnd(hook);
		return exitCode == null ? code : exitCode;
	}

	/** What a tool wants done at the end of its process: it is done at the end of the tool. */
	private static void atEnd(Thread hook) {
		Runtime.getRuntime().removeShutdownHook(hook);
		try {
			hook.run();
		} catch (Exited again) {
			return;
		}
	}

	@SuppressWarnings("unchecked")
	private static Map<Thread, Thread> hooks() {
		try {
			Field field = Class.forName("java.lang.ApplicationShutdownHooks").getDeclaredField("hooks");
			field.setAccessible(true);
			return (Map<Thread, Thread>) field.get(null);
		} catch (ReflectiveOperationException none) {
			throw new IllegalStateException("this Java has no such table of shutdown hooks", none);
		}
	}

	private static Integer call(String name, String[] args, PrintStream capture) {
		try {
			Class.forName(name).getMethod("main", String[].class).invoke(null, (Object) args);
			return 0;
		} catch (InvocationTargetException wrapped) {
			if (!(wrapped.getCause() instanceof Exited))
				wrapped.getCause().printStackTrace(capture);
			return 1;
		} catch (ReflectiveOperationException none) {
			capture.println(none);
			return 127;
		}
	}
}
