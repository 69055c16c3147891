import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.util.Base64;
import org.apache.kafka.common.utils.Exit;

/**
 * Kafka's console tools in one JVM: a line of input is "CLASS TAB argument TAB ...",
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
			ByteArrayOutputStream printed = new ByteArrayOutputStream();
			PrintStream capture = new PrintStream(printed, true);
			System.setOut(capture);
			int code = run(line.split("\t"), capture);
			capture.flush();
			answers.println(code + "\t" + Base64.getEncoder().encodeToString(printed.toByteArray()));
			answers.flush();
		}
	}

	private static void exit(int code) {
		if (exitCode == null)
			exitCode = code;
		throw new Exited();
	}

	private static int run(String[] words, PrintStream capture) {
		String[] args = new String[words.length - 1];
		System.arraycopy(words, 1, args, 0, args.length);
		exitCode = null;
		int code = scala.Console.withOut(capture, () -> call(words[0], args, capture));
		return exitCode == null ? code : exitCode;
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
