"""oci.py - an OCI folder as a runtime reads it: by its digests, unpacked, run as its configuration says.

    image = Image(folder)                 # checks every blob against its name
    image.unpack(root)
    argv = image.command(root, "-c", conf)     # a read-only root, the image's user; SIGTERM reaches the program itself
"""
import hashlib
import json
import subprocess
import tarfile

__all__ = ["Image"]


class Image:
    def __init__(self, folder):
        self.folder = folder
        index = json.loads((folder / "index.json").read_text())
        (described,) = index["manifests"]
        self.digest = described["digest"]
        self.manifest = json.loads(self.blob(described))
        self.config = json.loads(self.blob(self.manifest["config"]))

    def blob(self, described):
        content = (self.folder / "blobs" / described["digest"].replace(":", "/")).read_bytes()
        if described["digest"] != "sha256:" + hashlib.sha256(content).hexdigest() or described["size"] != len(content):
            raise AssertionError(f"{described} is not what it says")
        return content

    def unpack(self, root):
        root.mkdir()
        for described, plain in zip(self.manifest["layers"], self.config["rootfs"]["diff_ids"]):
            self.blob(described)
            path = self.folder / "blobs" / described["digest"].replace(":", "/")
            tar = subprocess.run(["gzip", "-dc", path], capture_output=True, check=True).stdout
            if plain != "sha256:" + hashlib.sha256(tar).hexdigest():
                raise AssertionError("a layer is not what the configuration says")
            with tarfile.open(path) as layer:
                layer.extractall(root, filter="fully_trusted") if hasattr(tarfile, "data_filter") else layer.extractall(root)

    def command(self, root, *arguments):
        """Runs in a mount namespace of its own; needs root."""
        script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec chroot --userspec="$1" "$0" "${@:2}"'
        config = self.config["config"]
        return ["unshare", "--mount", "--propagation", "private", "bash", "-c", script, root, config["User"],
                *config["Entrypoint"], *arguments]
