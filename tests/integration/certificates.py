"""An authority and certificates signed by it, made with openssl."""

from pathlib import Path

from daemon import run


class Authority:
    """Makes certificates in `directory`: `NAME.pem` and `NAME-key.pem`, its own is `ca.pem`."""

    def __init__(self, directory, name="ca"):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.name = name
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-subj", f"/CN=Test {name}", "-days", "30",
                      "-keyout", self.key(name), "-out", self.cert(name))
        self.ca = self.cert(name)

    def cert(self, name):
        return str(self.directory / f"{name}.pem")

    def key(self, name):
        return str(self.directory / f"{name}-key.pem")

    def issue(self, name, usage="serverAuth", subject=None, expired=False):
        """A certificate for 127.0.0.1 and localhost, signed by this authority."""
        request = self.directory / f"{name}.csr"
        extensions = self.directory / f"{name}.ext"
        extensions.write_text(f"subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost\n"
                              f"extendedKeyUsage={usage}\n")
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-subj", f"/CN={subject or name}",
                      "-keyout", self.key(name), "-out", request)
        days = "-1" if expired else "30"
        self._openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey",
                      self.key(self.name), "-CAcreateserial", "-days", days,
                      "-extfile", extensions, "-out", self.cert(name))
        return self.cert(name), self.key(name)

    @staticmethod
    def _openssl(*words):
        done = run("openssl", *words)
        assert done.returncode == 0, done.stderr
