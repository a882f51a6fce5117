# %% [markdown]
# Right and wrong answers to `train_one_epoch`.


# %% right="losses and sizes in lists"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train(True)
    losses, sizes = [], []
    for batch in loader:
        inputs, targets = batch
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss))
        sizes.append(inputs.size(0))
    return sum(loss * size for loss, size in zip(losses, sizes)) / sum(sizes)


# %% right="gradients removed by hand, a tensor adds up"
import torch


def train_one_epoch(model, loader, optimizer, criterion):
    if not model.training:
        model.train()
    total = torch.zeros((), dtype=torch.float64)
    for images, labels in loader:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None
        logits = model(images)
        loss = criterion(logits, labels)
        loss.backward()
        optimizer.step()
        total += loss.detach() * labels.numel()
    return (total / len(loader.dataset)).item()


# %% right="a running mean, and a closure"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    mean, seen = 0.0, 0
    for images, labels in loader:

        def closure():
            optimizer.zero_grad(set_to_none=False)
            loss = criterion(model(images), labels.float())
            loss.backward()
            return loss

        loss = optimizer.step(closure)
        seen += images.shape[0]
        mean += (loss.item() - mean) * images.shape[0] / seen
    return mean


# %% wrong="zero_grad missing" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="zero_grad once an epoch" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    optimizer.zero_grad()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="zero_grad after backward" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="step missing" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="backward missing" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="step before backward" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        loss = criterion(model(images), labels)
        optimizer.step()
        optimizer.zero_grad()
        loss.backward()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="one step an epoch" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        loss = criterion(model(images), labels)
        loss.backward()
        total += loss.item() * len(images)
        n_samples += len(images)
    optimizer.step()
    optimizer.zero_grad()
    return total / n_samples


# %% wrong="sigmoid twice" caught_by="steps, mean_loss"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images).sigmoid(), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="logits of shape (N, 1) against labels of shape (N,)" caught_by="steps"
import torch


def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        logits, table = torch.broadcast_tensors(model(images).unsqueeze(1), labels)
        loss = criterion(logits, table)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="gradient of the sum" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        (loss * len(images)).backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="labels inverted" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), 1 - labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="predictions and labels swapped" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(labels, model(images))
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="uphill" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        (-loss).backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="return within the loop" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
        return total / n_samples


# %% wrong="the last batch is dropped" caught_by="steps"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in list(loader)[:-1]:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="the sum is returned" caught_by="mean_loss"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total


# %% wrong="sum of the means" caught_by="mean_loss"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
        n_samples += len(images)
    return total


# %% wrong="sum of the means by the number of samples" caught_by="mean_loss"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
        n_samples += len(images)
    return total / n_samples


# %% wrong="mean of the batches' means" caught_by="last_batch"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
        n_samples += len(images)
    return total / len(loader)


# %% wrong="weighed with the loader's batch size" caught_by="last_batch"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * loader.batch_size
        n_samples += len(images)
    return total / n_samples


# %% wrong="samples counted as batches times batch size" caught_by="last_batch"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / (len(loader) * loader.batch_size)


# %% wrong="the loss of the last batch" caught_by="mean_loss"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return loss.item()


# %% wrong="a tensor is returned" caught_by="mean_loss"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="nothing is returned" caught_by="mean_loss"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)


# %% wrong="train() missing" caught_by="train_mode"
def train_one_epoch(model, loader, optimizer, criterion):
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="trains in eval mode" caught_by="train_mode"
def train_one_epoch(model, loader, optimizer, criterion):
    model.eval()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="left in eval mode" caught_by="train_mode"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    model.eval()
    return total / n_samples


# %% wrong="an optimizer of its own" caught_by="given_tools"
import torch


def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=optimizer.param_groups[0]["lr"])
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="a criterion of its own" caught_by="given_tools"
import torch.nn.functional as F


def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="small batches are skipped" caught_by="given_tools"
def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        if len(images) < 8 and n_samples:
            continue
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples


# %% wrong="without gradients" caught_by="steps"
import torch


def train_one_epoch(model, loader, optimizer, criterion):
    model.train()
    total, n_samples = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        with torch.no_grad():
            loss = criterion(model(images), labels)
        loss.requires_grad_()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
        n_samples += len(images)
    return total / n_samples
