import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { environment } from "../machine.ts";
import { run } from "../run.ts";

/** What a server of TLS needs, and the authority that its callers have to trust; all in PEM. */
export interface Certificates {
  authority: string;
  certificate: string;
  key: string;
}

/** Makes an authority for one lab, and with it a certificate for names. The authority's own key is thrown away. */
export async function makeCertificates(directory: string, names: readonly string[]): Promise<Certificates> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const at = (name: string) => join(directory, name);
  const openssl = (...words: string[]) => run("openssl", words, { environment });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  // For the command alone: the machine's own openssl.cnf may add what a certificate must not have twice.
  await writeFile(at("openssl.cnf"), "[req]\ndistinguished_name = name\n[name]\n");
  const config = ["-config", at("openssl.cnf")];
  const authority = [
    "-addext",
    "basicConstraints=critical,CA:TRUE",
    "-addext",
    "keyUsage=critical,keyCertSign",
  ];
  const subject = ["-subj", "/O=rocmark lab/CN=rocmark lab authority"];
  const files = ["-keyout", at("authority.key"), "-out", at("authority.pem")];
  await openssl("req", "-x509", ...config, ...newKey, ...authority, ...subject, "-days", "30", ...files);
  const request = [
    "-keyout",
    at("server.key"),
    "-out",
    at("server.csr"),
    "-subj",
    "/O=rocmark lab/CN=repository",
  ];
  await openssl("req", "-new", ...config, ...newKey, ...request);
  const extensions = [
    `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}`,
    "basicConstraints=critical,CA:FALSE",
    "keyUsage=critical,digitalSignature",
    "extendedKeyUsage=serverAuth",
    "authorityKeyIdentifier=keyid",
  ];
  await writeFile(at("server.ext"), `${extensions.join("\n")}\n`);
  const signer = ["-CA", at("authority.pem"), "-CAkey", at("authority.key"), "-CAcreateserial"];
  const signed = [
    "-in",
    at("server.csr"),
    "-extfile",
    at("server.ext"),
    "-out",
    at("server.pem"),
    "-days",
    "30",
  ];
  await openssl("x509", "-req", ...signer, ...signed);
  await rm(at("authority.key"));
  const read = (name: string) => readFile(at(name), "utf8");
  return {
    authority: await read("authority.pem"),
    certificate: await read("server.pem"),
    key: await read("server.key"),
  };
}
