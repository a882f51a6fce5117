# The grader and all its dependencies, run as an ordinary user. docs/containers.md says how to build and run it.
# The course is not in it: mount it at /course, so that a change of the course needs no new image.

# Small, with security updates, and with the Python that requirements.lock was written with.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS packages
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3 python3-venv \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 --shell /bin/bash grader \
 && install -d -o grader -g grader /course \
 # `docker run --user` may name any user, and each needs a writable home.
 && chmod 1777 /home/grader
ENV HOME=/home/grader VIRTUAL_ENV=/opt/autograder PATH=/opt/autograder/bin:$PATH
RUN python3 -m venv "$VIRTUAL_ENV"
WORKDIR /build

# By far the largest layer, so it comes first. TORCH_INDEX is the index of PyTorch's builds for the CPU; without it, pip
# takes the default build, with about 4 GB for GPUs that are not used.
ARG TORCH_INDEX=
COPY requirements.lock ./
RUN PIP_EXTRA_INDEX_URL="$TORCH_INDEX" pip install --no-cache-dir --constraint requirements.lock torch torchvision

# The package's dependencies, without the package: an empty one stands in, so that a change of its code keeps this layer.
COPY pyproject.toml setup.py ./
RUN mkdir autograder && touch README.md LICENSE autograder/__init__.py \
 && pip install --no-cache-dir --constraint requirements.lock ".[staff]" \
 && pip uninstall --yes medical-image-autograder


# For work on the course or the grader; .devcontainer/devcontainer.json uses it. The package is not in it: `make`
# installs it from the mounted folder, as any user, so three folders must be writable for all.
FROM packages AS dev
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      ca-certificates git less make openssh-client \
 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir --constraint requirements.lock ".[dev]" \
 && pip uninstall --yes medical-image-autograder \
 && chmod a+w "$VIRTUAL_ENV" "$VIRTUAL_ENV"/bin "$VIRTUAL_ENV"/lib/python3.*/site-packages
ENV VENV=/opt/autograder
WORKDIR /course
USER grader
CMD ["bash"]


FROM packages AS staff
COPY pyproject.toml setup.py README.md LICENSE ./
COPY autograder autograder
RUN pip install --no-cache-dir --no-deps . && rm -rf /build
WORKDIR /course
USER grader
ENTRYPOINT ["autograder"]
CMD ["--help"]
